from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import jobs, live_parts, receivers  # noqa: F401  connects receivers
        from conversations.audit_verbs import MessageVerb
        from locations.audit import register_verbs
        from sessions_app.audit_verbs import SessionVerb

        jobs.register()
        live_parts.register()
        register_verbs(MessageVerb, after=SessionVerb.BUNDLE_DOWNLOADED)
