from django.urls import include, path

from notifications.mail import views as mail_views
from notifications.notices import views as news_views
from notifications.preferences import unsubscribe_views
from notifications.preferences import views as preference_views
from notifications.webhooks import views
from notifications.webhooks import views as delivery_views

_webhook = [
    path("", views.webhook_page, name="webhook"),
    path("change/", views.webhook_change, name="webhook_change"),
    path("rotate/", views.webhook_rotate, name="webhook_rotate"),
    path("switch/", views.webhook_switch, name="webhook_switch"),
    path("delete/", views.webhook_delete, name="webhook_delete"),
    path("test/", views.webhook_test, name="webhook_test"),
    path("replay/", views.webhook_replay, name="webhook_replay"),
]
_delivery = [
    path("", delivery_views.delivery_page, name="webhook_delivery"),
    path("replay/", delivery_views.delivery_replay, name="webhook_delivery_replay"),
]
urlpatterns = [
    path("settings/notifications/", preference_views.mail_preferences, name="mail_preferences"),
    path("unsubscribe/<str:token>/", unsubscribe_views.unsubscribe, name="unsubscribe"),
    path(
        "unsubscribe/<str:token>/undo/", unsubscribe_views.unsubscribe_undo, name="unsubscribe_undo"
    ),
    path("notices/", news_views.notices_page, name="notices"),
    path("notices/bell/", news_views.bell, name="bell"),
    path("settings/mails/", mail_views.mails_page, name="mails"),
    path("settings/email/try-again/", mail_views.try_again, name="account_email_again"),
    path("settings/webhooks/", views.webhooks_page, name="webhooks"),
    path("settings/webhooks/new/", views.webhook_new, name="webhook_new"),
    path("settings/webhooks/<uuid:webhook_id>/", include(_webhook)),
    path("settings/webhooks/deliveries/<uuid:delivery_id>/", include(_delivery)),
]
