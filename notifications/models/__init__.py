"""The models of this app. Import them from here."""

from notifications.models.incident import Ending, Incident, Outage
from notifications.models.mail import Mail, MailState
from notifications.models.mail_suppression import MailServerTrouble, StoppedAddress
from notifications.models.notice import Notice
from notifications.models.preference import Digest, MailHabits, Wish
from notifications.models.read_marker import Bell
from notifications.models.webhook import (
    Delivery,
    DeliveryState,
    Webhook,
    WebhookEvent,
    WebhookFormat,
)

__all__ = [
    "Bell",
    "Delivery",
    "DeliveryState",
    "Digest",
    "Ending",
    "Incident",
    "Mail",
    "MailHabits",
    "MailServerTrouble",
    "MailState",
    "Notice",
    "Outage",
    "StoppedAddress",
    "Webhook",
    "WebhookEvent",
    "WebhookFormat",
    "Wish",
]
