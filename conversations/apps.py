from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import jobs, live_parts, receivers  # noqa: F401  connects receivers

        jobs.register()
        live_parts.register()
