from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from django.conf import settings

        from core.health.checks import register_check
        from core.health.operator_alerts import register_alerts
        from locations.audit import register_verbs
        from notifications import jobs, receivers  # noqa: F401  connects the receivers
        from notifications.alerts import dead_webhooks, long_losses, mails, outages
        from notifications.audit_verbs import NotificationVerb
        from notifications.incidents import tracker
        from notifications.mail import bounces, health
        from notifications.notices import bundle_notices, export_notices, plan_notices
        from notifications.webhooks import recorder
        from sessions_app.pages.live_parts import Reload, register_reload, template

        recorder.connect()
        tracker.connect()
        plan_notices.connect()
        bundle_notices.connect()
        export_notices.connect()
        if settings.EMAIL_PROVIDER:
            bounces.connect()
        register_alerts("webhooks", dead_webhooks)
        register_alerts("outages", outages)
        register_alerts("losses", long_losses)
        register_alerts("mails", mails)
        register_check("mail", health.mail)
        register_verbs(NotificationVerb)
        register_reload(Reload.NOTICES, template("notifications/notices/_unread-changed.html"))
        jobs.register()
