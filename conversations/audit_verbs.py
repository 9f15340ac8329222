"""The audit log's verbs for messages."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class MessageVerb(TextChoices):
    """Actions on messages."""

    TEXT_SENT = "text_sent", _("Sent a text")
