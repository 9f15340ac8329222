"""Write a delivery for each event and each webhook that subscribes to it.

The receivers run *within* the transaction of the change. The deliveries are committed with the
change or not at all, so a crash loses none (see
docs/decisions/0006-deliveries-are-written-with-the-change.md). The worker sends them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from conversations.models import Message, MessageStatus
from conversations.signals import message_arrived, messages_advanced
from notifications.models import Delivery, Webhook, WebhookEvent
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
    """Connect the receivers; calling it again changes nothing."""
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


def _events_of(
    change: Written,
) -> Iterator[tuple[Session, WebhookEvent, Callable[[Session], Content]]]:
    if change.moved:
        yield change.session, WebhookEvent.SESSION_STATUS, _status_of
    if change.new_code:
        yield change.session, WebhookEvent.SESSION_QR, _code_of


def _on_message(sender: object, message: Message, **_: Any) -> None:
    webhooks = Webhook.objects.working([message.account_id])
    if webhooks:  # most accounts have none; loading the session takes a query
        kind = WebhookEvent.MESSAGE_RECEIVED
        _save(_deliveries(webhooks, kind, message.session, lambda _: {}, message.pk))


def _on_receipts(sender: object, messages: Sequence[Message], **_: Any) -> None:
    receipts = [message for message in messages if message.status in RECEIPTS]
    webhooks = Webhook.objects.working([receipts[0].account_id]) if receipts else []
    if webhooks:
        session = receipts[0].session  # the same for all of them
        _save(
            delivery
            for message in receipts
            for delivery in _deliveries(
                webhooks,
                WebhookEvent.MESSAGE_RECEIPT,
                session,
                lambda _, status=message.status: {"status": status},  # type: ignore[misc]
                message.pk,
            )
        )


def _status_of(session: Session) -> Content:
    """Return the snapshot after the change, without codes, which are credentials."""
    shown = snapshot(session, timezone.now(), with_code=False)
    return {name: value for name, value in shown.items() if name not in _NOT_IN_A_STATUS}


def _code_of(session: Session) -> Content:
    """Return the facts about a new code, without the code, which is read on sending."""
    return {
        "session": session.pk,
        "location": session.location_id,
        "number": session.qr_number,
        "of": session.qr_of,
        "expires_at": session.qr_expires_at,
    }


def _deliveries(
    webhooks: Iterable[Webhook],
    kind: WebhookEvent,
    session: Session,
    content: Callable[[Session], Content],
    message_id: uuid.UUID | None = None,
) -> list[Delivery]:
    """Return the deliveries of one event, not saved, to the webhooks that subscribe to it.

    ``content`` is called only if there are any.
    """
    subscribed = [
        w for w in webhooks if w.subscribes_to(kind, session.account_id, session.location_id)
    ]
    if not subscribed:
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
        for webhook in subscribed
    ]


def _save(deliveries: Iterable[Delivery]) -> None:
    Delivery.objects.bulk_create(deliveries)
