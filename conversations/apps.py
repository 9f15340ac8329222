from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import leaving, own_jobs  # noqa: F401  connects its receivers

        own_jobs.register()
