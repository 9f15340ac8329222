"""Messages from WhatsApp: received ones, and those sent from the linked phone itself."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from conversations.ledger.receipts import collect_early, lock_session
from conversations.models import Direction, Message, MessageStatus
from conversations.signals import message_arrived
from core.data import bounds
from sessions_app.gateway.ports import IncomingMessage
from sessions_app.models import Session


def store_message(session_id: UUID, message: IncomingMessage) -> bool:
    """Store ``message`` once, however often it arrives. Returns whether it is new.

    A message from the linked phone is stored as sent, unless we sent it ourselves. A message of a
    session that no longer exists is dropped: the customer deleted its data."""
    with transaction.atomic():
        session = lock_session(session_id)
        if session is None:
            return False
        row = _row(session, message)
        Message.objects.bulk_create([row], ignore_conflicts=True)
        if not Message.objects.filter(pk=row.pk).exists():
            return False
        if message.from_me:
            collect_early(row)
            row.save(update_fields=["status", "delivered_at", "read_at"])
        else:
            message_arrived.send(Message, message=row)
    return True


def _row(session: Session, message: IncomingMessage) -> Message:
    own = message.from_me
    return Message(
        account_id=session.account_id,
        session_id=session.pk,
        direction=Direction.OUT if own else Direction.IN,
        status=MessageStatus.SENT if own else MessageStatus.RECEIVED,
        whatsapp_id=bounds.identifier(message.whatsapp_id),
        secret="",  # not sent by us, see ``outbound``
        peer=message.peer,
        peer_name=bounds.name(message.peer_name),
        text=bounds.text(message.text),
        media=bounds.word(message.media or ""),
        sent_at=message.sent_at,
    )
