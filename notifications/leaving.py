"""Webhooks in the export of an account, and among what goes with it."""

from __future__ import annotations

from uuid import UUID

from django.dispatch import receiver
from django.utils.translation import ngettext

from locations.export import columns
from locations.signals import ExportFile, Loss, export_asked, loss_asked
from notifications.models import Webhook

_WEBHOOKS = {
    "id": "id", "url": "url", "format": "format", "events": "events", "location": "location_id",
    "enabled": "enabled", "disabled_reason": "disabled_reason", "created_at": "created_at",
    "created_by": "created_by",
}  # fmt: skip


@receiver(export_asked)
def keep(sender: object, account_id: UUID, **kwargs: object) -> list[ExportFile]:
    """Without their secrets, and without the log, which is no more than 30 days old."""
    rows = Webhook.objects.of_accounts([account_id]).order_by("created_at", "id")
    return [ExportFile("webhooks.json", columns(rows, _WEBHOOKS))]


@receiver(loss_asked)
def lose(sender: object, account_id: UUID, **kwargs: object) -> list[Loss]:
    count = Webhook.objects.of_accounts([account_id]).count()
    return [Loss(count, ngettext("%d webhook", "%d webhooks", count) % count)]
