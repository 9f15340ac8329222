from django.urls import include, path

from notifications.mail.views import mails_page, try_again
from notifications.notices.views import notices_page, unread_notices
from notifications.preferences.unsubscribe_views import unsubscribe, unsubscribe_undo
from notifications.preferences.views import mail_preferences
from notifications.webhooks import views

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
    path("", views.delivery_page, name="webhook_delivery"),
    path("replay/", views.delivery_replay, name="webhook_delivery_replay"),
]
urlpatterns = [
    path("settings/notifications/", mail_preferences, name="mail_preferences"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/undo/", unsubscribe_undo, name="unsubscribe_undo"),
    path("notices/", notices_page, name="notices"),
    path("notices/bell/", unread_notices, name="unread"),
    path("settings/mails/", mails_page, name="mails"),
    path("settings/email/try-again/", try_again, name="account_email_again"),
    path("settings/webhooks/", views.webhooks_page, name="webhooks"),
    path("settings/webhooks/new/", views.webhook_new, name="webhook_new"),
    path("settings/webhooks/<uuid:webhook_id>/", include(_webhook)),
    path("settings/webhooks/deliveries/<uuid:delivery_id>/", include(_delivery)),
]
