"""Messages that WhatsApp brings: from others, or typed on the linked phone itself."""

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
    """``text`` with a replacement character for each that PostgreSQL cannot store."""
    return _NO_COLUMN_TAKES.sub("\ufffd", text)


def store_message(session_id: UUID, message: IncomingMessage) -> bool:
    """Write ``message`` once, however often it comes; whether it is new.

    What was typed on the own phone is a sent message, unless it is one that we sent. A message
    for a session that is gone is dropped: its customer has deleted it with all it held."""
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
        secret="",  # not one of ours, see ``departures``
        peer=message.peer,
        peer_name=storable(message.peer_name)[:_NAME_CHARACTERS],
        text=storable(message.text),
        media=message.media or "",
        sent_at=message.sent_at,
    )
