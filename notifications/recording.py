"""Writes a delivery for each event and each webhook that wants to hear of it.

It listens to the signals that are sent *within* the transaction of the change itself: the
deliveries are committed with the change or not at all, so a process that dies at any moment
loses none (see docs/decisions/0006-deliveries-are-written-with-the-change.md). Nothing is sent
from here: the sender finds the rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone

from conversations.models import Message, MessageStatus
from conversations.signals import message_arrived, messages_advanced
from notifications.models import Delivery, Kind, Webhook
from sessions_app.models import Session
from sessions_app.signals import session_written
from sessions_app.snapshot import snapshot

RECEIPTS = frozenset(
    {
        MessageStatus.SENT,
        MessageStatus.DELIVERED,
        MessageStatus.READ,
        MessageStatus.UNCONFIRMED,
        MessageStatus.FAILED,
    }
)
_NOT_IN_A_STATUS = frozenset({"qr", "pairing_code", "pairing_error"})


def connect() -> None:
    """Start to listen; again changes nothing."""
    session_written.connect(_on_session, dispatch_uid="webhooks")
    message_arrived.connect(_on_message, dispatch_uid="webhooks")
    messages_advanced.connect(_on_receipts, dispatch_uid="webhooks")


def _on_session(sender: object, session: Session, moved: bool, new_code: bool, **_: Any) -> None:
    if moved:
        _record(Kind.SESSION_STATUS, session, lambda: _status_of(session))
    if new_code:
        _record(Kind.SESSION_QR, session, lambda: _code_of(session))


def _on_message(sender: object, message: Message, **_: Any) -> None:
    _record(Kind.MESSAGE_RECEIVED, message, dict)


def _on_receipts(sender: object, messages: Sequence[Message], **_: Any) -> None:
    told = [message for message in messages if message.status in RECEIPTS]
    webhooks = Webhook.objects.hearing(told[0].account_id, Kind.MESSAGE_RECEIPT) if told else ()
    if webhooks:
        session = told[0].session  # of all of them: read once
        for message in told:
            content = {"status": message.status}
            _write(Kind.MESSAGE_RECEIPT, webhooks, session, message.pk, content)


def _status_of(session: Session) -> Mapping[str, Any]:
    """The snapshot as the change leaves it, without codes: those are credentials."""
    shown = snapshot(session, timezone.now(), with_code=False)
    return {name: value for name, value in shown.items() if name not in _NOT_IN_A_STATUS}


def _code_of(session: Session) -> Mapping[str, Any]:
    """That there is a new code, without its text: that is read when it is sent."""
    return {
        "session": session.pk,
        "location": session.location_id,
        "number": session.qr_number,
        "of": session.qr_of,
        "expires_at": session.qr_expires_at,
    }


def _record(kind: Kind, about: Session | Message, payload: Callable[[], Mapping[str, Any]]) -> None:
    """A delivery of the event to each webhook that hears it. What takes a query or work is done
    only when there is one: most accounts have none."""
    webhooks = Webhook.objects.hearing(about.account_id, kind)
    if not webhooks:
        return
    if isinstance(about, Message):
        _write(kind, webhooks, about.session, about.pk, payload())
    else:
        _write(kind, webhooks, about, None, payload())


def _write(
    kind: Kind,
    webhooks: Iterable[Webhook],
    session: Session,
    message_id: uuid.UUID | None,
    content: Mapping[str, Any],
) -> None:
    """The deliveries of one event, to each webhook that is about the session's location."""
    event_id, now = uuid.uuid4(), timezone.now()
    Delivery.objects.bulk_create(
        [
            Delivery(
                account_id=webhook.account_id,
                webhook_id=webhook.pk,
                event_id=event_id,
                kind=kind,
                session_id=session.pk,
                message_id=message_id,
                payload=content,
                created_at=now,
                queued_at=now,
                next_attempt_at=now,
            )
            for webhook in webhooks
            if webhook.is_about(session.location_id)
        ]
    )
