"""Webhooks in the export of an account, and among what goes with it."""

from __future__ import annotations

from uuid import UUID

from django.dispatch import receiver
from django.utils.translation import ngettext

from locations.signals import ExportFile, Loss, export_asked, loss_asked
from notifications.models import Webhook

_WEBHOOKS = {
    "id": "id", "url": "shown_url", "format": "format", "events": "events",
    "location": "location_id", "enabled": "enabled", "disabled_reason": "disabled_reason",
    "created_at": "created_at", "created_by": "created_by",
}  # fmt: skip


@receiver(export_asked)
def keep(sender: object, account_id: UUID, **kwargs: object) -> list[ExportFile]:
    """Without their secrets, and without the log, which is no more than 30 days old."""
    rows = Webhook.objects.of_accounts([account_id]).order_by("created_at", "id")
    shown = [{name: getattr(row, source) for name, source in _WEBHOOKS.items()} for row in rows]
    return [ExportFile("webhooks.json", shown)]


@receiver(loss_asked)
def lose(sender: object, account_id: UUID, **kwargs: object) -> list[Loss]:
    count = Webhook.objects.of_accounts([account_id]).count()
    return [Loss(count, ngettext("%d webhook", "%d webhooks", count) % count)]
