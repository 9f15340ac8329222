"""Outgoing texts: each function is one whole transaction of the gateway's queue.

A text that was claimed has no lease that could expire: it may have left, so it is never sent
again by itself (docs/decisions/0002-texts-are-never-repeated.md). Functions that move a message
return the id of its session if viewers should refresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.ledger.receipts import announce_status, collect_early, lock_session
from conversations.ledger.status import TIME_COLUMN, advance, may_follow
from conversations.models import Direction, Message, MessageStatus
from core.background.row_queue import QueueSpec, RowQueue
from core.data import bounds
from sessions_app.gateway.ports import OutgoingText
from sessions_app.models import Session

_CODE_CHARACTERS, _SENTENCE_CHARACTERS = 40, 200

TEXTS: RowQueue[Message] = RowQueue(
    QueueSpec(
        model=Message,
        due=lambda rows, at: rows.waiting(),
        order=("created_at", "id"),
        on_claim={"status": MessageStatus.SENDING},
    )
)


def sessions_that_wait(session_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of ``session_ids`` that have texts to send."""
    waiting = TEXTS.due(Message.objects.filter(session_id__in=list(session_ids)))
    return list(waiting.values_list("session_id", flat=True).distinct())


def take(session_id: UUID) -> OutgoingText | None:
    """Claim the oldest text to send, which is ``sending`` from now on; None if there is none.

    Viewers get no hint: the result follows within moments.
    """
    texts = Message.objects.filter(session_id=session_id)
    claimed = TEXTS.claim(1, texts.only("status", "peer", "text", "secret"))
    if not claimed:
        return None
    (row,) = claimed
    return OutgoingText(id=row.pk, to=row.peer, text=row.text, secret=row.secret)


def sent(message_id: UUID, whatsapp_id: str, at: datetime) -> UUID | None:
    """Record that WhatsApp accepted the text at ``at`` under ``whatsapp_id``."""
    return _settle(message_id, MessageStatus.SENT, at, whatsapp_id)


def may_have_left(message_id: UUID, whatsapp_id: str) -> UUID | None:
    """Record that the text may have left under ``whatsapp_id``: unconfirmed, unless a receipt
    proves more."""
    return _settle(message_id, MessageStatus.UNCONFIRMED, timezone.now(), whatsapp_id)


def put_back(message_id: UUID) -> UUID | None:
    """Queue a text again, in its old place: it certainly did not leave."""
    return _settle(message_id, MessageStatus.QUEUED, timezone.now())


def failed(message_id: UUID, code: str, sentence: str) -> UUID | None:
    """Record a permanent refusal; ``sentence`` explains why and what to do."""
    with transaction.atomic():
        message = _locked(message_id)
        if message is None or not may_follow(message.status, MessageStatus.FAILED):
            return None
        _fail([message], code, sentence)
    return message.session_id


def fail_waiting(session_id: UUID, code: str, sentence: str) -> UUID | None:
    """Fail all texts that wait, because the link has ended for good.

    A text that was being sent may have left, and no later link may send it again: it becomes
    unconfirmed, unless its own result still arrives.
    """
    with transaction.atomic():
        if lock_session(session_id) is None:
            return None
        unsent = Message.objects.filter(session_id=session_id).select_for_update()
        waiting = list(unsent.filter(status=MessageStatus.QUEUED))
        _fail(waiting, code, sentence)
        sending = list(unsent.filter(status=MessageStatus.SENDING))
        for message in sending:
            advance(message, MessageStatus.UNCONFIRMED, timezone.now())
        Message.objects.bulk_update(sending, ["status"])
        announce_status(sending)
    return session_id if waiting or sending else None


def in_doubt(session_id: UUID) -> dict[str, UUID]:
    """Return secret → message of the texts that were being sent."""
    sending = Message.objects.filter(
        session_id=session_id, direction=Direction.OUT, status=MessageStatus.SENDING
    )
    return dict(sending.values_list("secret", "pk"))


def _locked(message_id: UUID) -> Message | None:
    """Lock the session of a message, then read the message; None if it is gone."""
    of_message = Session.objects.filter(messages=message_id).only("id")
    if of_message.select_for_update(no_key=True, of=("self",)).first() is None:
        return None
    message: Message | None = Message.objects.filter(pk=message_id).first()
    return message


def _settle(
    message_id: UUID, status: MessageStatus, at: datetime, whatsapp_id: str = ""
) -> UUID | None:
    with transaction.atomic():
        message = _locked(message_id)
        if message is None:
            return None
        old = message.status
        advance(message, status, at)
        if whatsapp_id:
            _make_known(message, bounds.identifier(whatsapp_id))
        message.save(update_fields=["status", "whatsapp_id", "sent_at", "delivered_at", "read_at"])
        if message.status == old:
            return None
        announce_status([message])
    return message.session_id


def _make_known(message: Message, whatsapp_id: str) -> None:
    """Give ``message`` (not saved here) its id, and what arrived under that id before: receipts,
    or WhatsApp's echo of our own text, which was stored as if typed on the phone (it has no
    secret of ours)."""
    message.whatsapp_id = whatsapp_id
    echoes = Message.objects.filter(
        session_id=message.session_id, direction=Direction.OUT, whatsapp_id=whatsapp_id, secret=""
    )
    for echo in echoes:
        for column in TIME_COLUMN.values():
            setattr(message, column, getattr(message, column) or getattr(echo, column))
        if may_follow(message.status, MessageStatus(echo.status)):
            message.status = echo.status
        echo.delete()
    collect_early(message)


def _fail(messages: list[Message], code: str, sentence: str) -> None:
    for message in messages:
        message.status = MessageStatus.FAILED
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        status=MessageStatus.FAILED,
        error_code=code[:_CODE_CHARACTERS],
        error=sentence[:_SENTENCE_CHARACTERS],
    )
    announce_status(messages)
