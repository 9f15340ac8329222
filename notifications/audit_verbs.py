"""The audit log's verbs for webhooks and mails."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class NotificationVerb(TextChoices):
    """Actions on webhooks and mail preferences."""

    WEBHOOK_CREATED = "webhook_created", _("Created a webhook")
    WEBHOOK_CHANGED = "webhook_changed", _("Changed a webhook")
    WEBHOOK_DELETED = "webhook_deleted", _("Deleted a webhook")
    WEBHOOK_SWITCHED = "webhook_switched", _("Switched a webhook on or off")
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated", _("Rotated the secret of a webhook")
    WEBHOOK_TESTED = "webhook_tested", _("Sent a test event")
    MAILS_CHOSEN = "mails_chosen", _("Changed notification mails")
    MAILS_ENDED = "mails_ended", _("Unsubscribed from mails")
    MAILS_RESUMED = "mails_resumed", _("Resubscribed to mails")
    MAIL_SENT_AGAIN = "mail_sent_again", _("Sent a failed mail again")
    WEBHOOK_REPLAYED = "webhook_replayed", _("Replayed deliveries of a webhook")
