from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from django.conf import settings

        from core.health.operator_alerts import register_look
        from notifications import (
            arriving,  # noqa: F401  connects its receivers
            bundle_notices,
            leaving,  # noqa: F401  as well
            mail_reports,
            mailing,  # noqa: F401  as well
            opening,
            own_jobs,
            plan_notices,
            recording,
            welcome,  # noqa: F401  connects its receiver
        )
        from notifications.wrong import dead_webhooks, long_losses, mails, outages

        recording.connect()
        opening.connect()
        plan_notices.connect()
        bundle_notices.connect()
        register_look("webhooks", dead_webhooks)
        register_look("outages", outages)
        register_look("losses", long_losses)
        own_jobs.register()
        register_look("mails", mails)
        if settings.EMAIL_PROVIDER:
            mail_reports.connect()
