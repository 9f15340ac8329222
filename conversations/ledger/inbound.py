"""Messages from WhatsApp: received ones, and those sent from the linked phone itself."""

from __future__ import annotations

import re
from uuid import UUID

from django.db import transaction

from conversations.ledger.receipts import collect_early, kept_id, lock_session
from conversations.models import Direction, Message, MessageStatus
from conversations.signals import message_arrived
from sessions_app.gateway.ports import IncomingMessage
from sessions_app.models import Session

_NO_COLUMN_TAKES = re.compile("[\x00\ud800-\udfff]")
_NAME_CHARACTERS = 120


def storable(text: str) -> str:
    """Replace the characters of ``text`` that PostgreSQL cannot store."""
    return _NO_COLUMN_TAKES.sub("\ufffd", text)


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
        whatsapp_id=kept_id(message.whatsapp_id),
        secret="",  # not sent by us, see ``outbound``
        peer=message.peer,
        peer_name=storable(message.peer_name)[:_NAME_CHARACTERS],
        text=storable(message.text),
        media=message.media or "",
        sent_at=message.sent_at,
    )
