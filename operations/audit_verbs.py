"""The audit log's verbs for restored backups."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RestoreVerb(TextChoices):
    """Actions of an operator who restores a backup."""

    ACCOUNT_RESTORED = "account_restored", _("Restored the account from a backup")
    SESSION_RESTORED = "session_restored", _("Restored a number from a backup")
