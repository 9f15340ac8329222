"""Texts on their way out: each function is one whole transaction of the gateway's queue.

Those that move a message return its session's id when viewers should look again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.ledger.receipts import announce_status, collect_early, kept_id, lock_session
from conversations.ledger.status import TIME_COLUMN, advance, may_follow
from conversations.models import Direction, Message, MessageStatus
from sessions_app.gateway.ports import OutgoingText
from sessions_app.models import Session

_CODE_CHARACTERS, _SENTENCE_CHARACTERS = 40, 200


def sessions_that_wait(session_ids: Sequence[UUID]) -> list[UUID]:
    """Those of ``session_ids`` that have texts to send."""
    waiting = Message.objects.waiting().filter(session_id__in=list(session_ids))
    return list(waiting.order_by().values_list("session_id", flat=True).distinct())


def take(session_id: UUID) -> OutgoingText | None:
    """The oldest text that waits, now ``sending``; None when there is none. Two that take at
    once get two texts. Not announced: the result follows within moments."""
    with transaction.atomic():
        waiting = Message.objects.waiting().filter(session_id=session_id)
        oldest = waiting.only("status", "peer", "text", "secret").order_by("created_at", "id")
        row = oldest.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        row.status = MessageStatus.SENDING
        row.save(update_fields=["status"])
    return OutgoingText(id=row.pk, to=row.peer, text=row.text, secret=row.secret)


def sent(message_id: UUID, whatsapp_id: str, at: datetime) -> UUID | None:
    """WhatsApp has taken it at ``at`` under ``whatsapp_id``."""
    return _settle(message_id, MessageStatus.SENT, at, whatsapp_id)


def may_have_left(message_id: UUID, whatsapp_id: str) -> UUID | None:
    """It may have left under ``whatsapp_id``: unconfirmed, unless a receipt says more."""
    return _settle(message_id, MessageStatus.UNCONFIRMED, timezone.now(), whatsapp_id)


def put_back(message_id: UUID) -> UUID | None:
    """It surely did not leave: it waits again, in its old place."""
    return _settle(message_id, MessageStatus.QUEUED, timezone.now())


def failed(message_id: UUID, code: str, sentence: str) -> UUID | None:
    """It was refused, for good; ``sentence`` says why and what to do."""
    with transaction.atomic():
        message = _locked(message_id)
        if message is None or not may_follow(message.status, MessageStatus.FAILED):
            return None
        _fail([message], code, sentence)
    return message.session_id


def fail_waiting(session_id: UUID, code: str, sentence: str) -> UUID | None:
    """The link has ended for good: fail all that waits. What was being sent may have left, and
    no later link may send it again: it stays unconfirmed unless its own result still comes."""
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
    """secret → message, of what was being sent."""
    sending = Message.objects.filter(
        session_id=session_id, direction=Direction.OUT, status=MessageStatus.SENDING
    )
    return dict(sending.values_list("secret", "pk"))


def _locked(message_id: UUID) -> Message | None:
    """The message, read after its session was locked; None when it is gone."""
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
            _make_known(message, kept_id(whatsapp_id))
        message.save(update_fields=["status", "whatsapp_id", "sent_at", "delivered_at", "read_at"])
        if message.status == old:
            return None
        announce_status([message])
    return message.session_id


def _make_known(message: Message, whatsapp_id: str) -> None:
    """Give ``message`` (not saved here) its id, with all that came under it before: receipts,
    or WhatsApp's echo of our own text, which was taken for one typed on the phone (it has no
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
