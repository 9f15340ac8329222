from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import jobs, receivers  # noqa: F401  connects its receivers

        jobs.register()
