from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from notifications import recording  # connects itself to the signals of the lower apps

        recording.connect()
