"""Writes a delivery for each event and each webhook that wants to hear of it.

It listens to the signals that are sent *within* the transaction of the change itself: the
deliveries are committed with the change or not at all, so a process that dies at any moment
loses none (see docs/decisions/0006-deliveries-are-written-with-the-change.md). Nothing is sent
from here: the sender finds the rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from conversations.models import Message, MessageStatus
from conversations.signals import message_arrived, messages_advanced
from notifications.models import Delivery, Kind, Webhook
from sessions_app.models import Session
from sessions_app.signals import sessions_written
from sessions_app.snapshot import snapshot
from sessions_app.store.transitions import Written

RECEIPTS = frozenset(
    {
        MessageStatus.SENT,
        MessageStatus.DELIVERED,
        MessageStatus.READ,
        MessageStatus.UNCONFIRMED,
        MessageStatus.FAILED,
    }
)
Content = Mapping[str, Any]
_NOT_IN_A_STATUS = frozenset({"qr", "pairing_code", "pairing_error"})


def connect() -> None:
    """Start to listen; again changes nothing."""
    sessions_written.connect(_on_sessions, dispatch_uid="webhooks")
    message_arrived.connect(_on_message, dispatch_uid="webhooks")
    messages_advanced.connect(_on_receipts, dispatch_uid="webhooks")


def _on_sessions(sender: object, changes: Sequence[Written], **_: Any) -> None:
    events = [event for change in changes for event in _events_of(change)]
    accounts = {session.account_id for session, _, _ in events}
    webhooks = Webhook.objects.working(accounts) if accounts else []
    _save(
        delivery
        for session, kind, content in events
        for delivery in _deliveries(webhooks, kind, session, content)
    )


def _events_of(change: Written) -> Iterator[tuple[Session, Kind, Callable[[Session], Content]]]:
    if change.moved:
        yield change.session, Kind.SESSION_STATUS, _status_of
    if change.new_code:
        yield change.session, Kind.SESSION_QR, _code_of


def _on_message(sender: object, message: Message, **_: Any) -> None:
    webhooks = Webhook.objects.working([message.account_id])
    if webhooks:  # most accounts have none, and the session takes a query
        kind = Kind.MESSAGE_RECEIVED
        _save(_deliveries(webhooks, kind, message.session, lambda _: {}, message.pk))


def _on_receipts(sender: object, messages: Sequence[Message], **_: Any) -> None:
    told = [message for message in messages if message.status in RECEIPTS]
    webhooks = Webhook.objects.working([told[0].account_id]) if told else []
    if webhooks:
        session = told[0].session  # of all of them: read once
        _save(
            delivery
            for message in told
            for delivery in _deliveries(
                webhooks,
                Kind.MESSAGE_RECEIPT,
                session,
                lambda _, status=message.status: {"status": status},  # type: ignore[misc]
                message.pk,
            )
        )


def _status_of(session: Session) -> Content:
    """The snapshot as the change leaves it, without codes: those are credentials."""
    shown = snapshot(session, timezone.now(), with_code=False)
    return {name: value for name, value in shown.items() if name not in _NOT_IN_A_STATUS}


def _code_of(session: Session) -> Content:
    """That there is a new code, without its text: that is read when it is sent."""
    return {
        "session": session.pk,
        "location": session.location_id,
        "number": session.qr_number,
        "of": session.qr_of,
        "expires_at": session.qr_expires_at,
    }


def _deliveries(
    webhooks: Iterable[Webhook],
    kind: Kind,
    session: Session,
    content: Callable[[Session], Content],
    message_id: uuid.UUID | None = None,
) -> list[Delivery]:
    """One event's deliveries, not saved, to those of ``webhooks`` that hear it. ``content`` is
    asked only when there are any."""
    hearing = [w for w in webhooks if w.hears(kind, session.account_id, session.location_id)]
    if not hearing:
        return []
    event_id, now, payload = uuid.uuid4(), timezone.now(), content(session)
    return [
        Delivery(
            account_id=webhook.account_id,
            webhook_id=webhook.pk,
            event_id=event_id,
            kind=kind,
            session_id=session.pk,
            message_id=message_id,
            payload=payload,
            created_at=now,
            queued_at=now,
            next_attempt_at=now,
        )
        for webhook in hearing
    ]


def _save(deliveries: Iterable[Delivery]) -> None:
    Delivery.objects.bulk_create(deliveries)
