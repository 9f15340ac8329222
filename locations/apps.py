from django.apps import AppConfig


class LocationsConfig(AppConfig):
    name = "locations"

    def ready(self) -> None:
        from core.health.operator_alerts import register_alerts
        from locations import jobs, receivers  # noqa: F401  connects the receivers
        from locations.accounts import addresses, export  # noqa: F401  connects a receiver
        from locations.accounts.invitations import count_open
        from locations.audit_log import content
        from locations.exports import actions  # noqa: F401  connects its receiver
        from locations.models import Location, Member
        from locations.plans.alerts import accounts
        from locations.plans.entitlements import Resource, register_usage

        register_usage(
            Resource.LOCATIONS,
            lambda account: Location.objects.of_accounts([account]).count(),
            Location.objects.all,
        )
        register_usage(
            Resource.MEMBERS,
            lambda account: Member.objects.filter(account=account).count(),
            Member.objects.all,
        )
        register_alerts("accounts", accounts)
        register_usage(Resource.MEMBERS, count_open)
        export.register()
        content.register()
        jobs.register()
