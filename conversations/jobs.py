"""The scheduled jobs of the message ledger. Messages themselves are never deleted by a job."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import EARLY_RECEIPT_KEPT, EarlyReceipt
from core.background.jobs import Job, register_job
from core.data.batch_delete import delete_in_batches
from core.text.units import plural


def register() -> None:
    register_job(
        Job("receipts", _("Forget receipts of unknown messages"), timedelta(days=1), _receipts)
    )


def _receipts() -> str:
    """Delete old receipts of numbers that receive none. The others delete their own."""
    before = timezone.now() - EARLY_RECEIPT_KEPT
    count = delete_in_batches(EarlyReceipt.objects.filter(kept_at__lt=before))
    return f"Deleted {plural(count, 'receipt')} of unknown messages."
