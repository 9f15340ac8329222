"""The part of messages in exporting and deleting accounts."""

from __future__ import annotations

from uuid import UUID

from django.dispatch import receiver
from django.utils.translation import ngettext

from conversations.models import Message
from core.data.csv_export import columns
from locations.signals import ExportFile, Loss, export_asked, loss_asked

_MESSAGES = {
    "id": "id", "session": "session_id", "direction": "direction", "status": "status",
    "number": "peer", "name": "peer_name", "text": "text", "media": "media", "error": "error",
    "created_by": "created_by", "created_at": "created_at", "sent_at": "sent_at",
    "delivered_at": "delivered_at", "read_at": "read_at",
}  # fmt: skip


@receiver(export_asked)
def export_rows(sender: object, account_id: UUID, **kwargs: object) -> list[ExportFile]:
    rows = Message.objects.of_accounts([account_id]).order_by("created_at", "id")
    return [ExportFile("messages.json", columns(rows, _MESSAGES))]


@receiver(loss_asked)
def deletion_summary(sender: object, account_id: UUID, **kwargs: object) -> list[Loss]:
    count = Message.objects.of_accounts([account_id]).count()
    return [Loss(count, ngettext("%d message", "%d messages", count) % count)]
