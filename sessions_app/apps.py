from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "WhatsApp sessions"

    def ready(self) -> None:
        from core.health.operator_alerts import register_alerts
        from locations.audit import AccountVerb, register_verbs
        from locations.plans.entitlements import Resource, register_usage
        from sessions_app import hints, jobs, receivers  # noqa: F401  connects receivers
        from sessions_app.audit_verbs import SessionVerb
        from sessions_app.diagnostics import alerts
        from sessions_app.models import Session
        from sessions_app.scheduler import status

        register_usage(
            Resource.SESSIONS,
            lambda account: Session.objects.live().of_accounts([account]).count(),
            lambda: Session.objects.live(),
        )
        register_alerts("sessions", alerts.sessions)
        register_alerts("installation", alerts.installation)
        register_alerts("scheduled jobs", status.alerts)
        jobs.register()
        register_verbs(SessionVerb, after=AccountVerb.STOPPED_VIEWING)
