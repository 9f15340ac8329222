"""Receipts advance outgoing messages. Those for unknown ids are kept until the id is known.

All code that sets or looks up a message's id first locks the session's row, so that a receipt and
the result of its send cannot miss each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.ledger.status import TIME_COLUMN, advance
from conversations.models import EARLY_RECEIPT_KEPT, Direction, EarlyReceipt, Message, MessageStatus
from conversations.signals import messages_advanced
from core.data import bounds
from sessions_app.gateway.ports import Receipt
from sessions_app.models import Session

_DELETED_AT_ONCE = 200  # old receipts, with each new one; the job ``receipts`` deletes the rest


def lock_session(session_id: UUID) -> Session | None:
    """Lock the session until the commit and return it (ids only); None if it no longer exists."""
    sessions = Session.objects.select_for_update(no_key=True).only("id", "account_id")
    session: Session | None = sessions.filter(pk=session_id).first()
    return session


def store_receipt(session_id: UUID, receipt: Receipt) -> bool:
    """Apply ``receipt``, and keep it for ids that are not known yet. Returns whether a message
    changed. Does nothing if the session no longer exists.

    Ids are matched without the sender: they are random, and the sender's number may differ in
    form from the one that we sent to."""
    ids = {bounds.identifier(whatsapp_id) for whatsapp_id in receipt.whatsapp_ids}
    status = MessageStatus(receipt.status)
    with transaction.atomic():
        if lock_session(session_id) is None:
            return False
        messages = list(
            Message.objects.filter(
                session_id=session_id, direction=Direction.OUT, whatsapp_id__in=ids
            )
        )
        moved = [message for message in messages if advance(message, status, receipt.at)]
        if messages:
            Message.objects.bulk_update(messages, ["status", TIME_COLUMN[status]])
        announce_status(moved)
        _keep_early(session_id, ids - {m.whatsapp_id for m in messages}, status, receipt.at)
    return bool(moved)


def _keep_early(session_id: UUID, ids: set[str], status: MessageStatus, at: datetime) -> None:
    if not ids:
        return
    EarlyReceipt.objects.bulk_create(
        [
            EarlyReceipt(session_id=session_id, whatsapp_id=whatsapp_id, status=status, at=at)
            for whatsapp_id in sorted(ids)
        ],
        ignore_conflicts=True,
    )
    too_old = timezone.now() - EARLY_RECEIPT_KEPT
    old = EarlyReceipt.objects.filter(session_id=session_id, kept_at__lt=too_old)
    some = list(old.order_by("kept_at").values_list("pk", flat=True)[:_DELETED_AT_ONCE])
    if some:
        EarlyReceipt.objects.filter(pk__in=some).delete()


def collect_early(message: Message) -> None:
    """Apply the receipts that arrived before the id of ``message`` became known. Does not save the
    message. The session must be locked."""
    early = EarlyReceipt.objects.filter(
        session_id=message.session_id, whatsapp_id=message.whatsapp_id
    )
    receipts = list(early)
    for receipt in receipts:
        advance(message, MessageStatus(receipt.status), receipt.at)
    if receipts:
        early.delete()


def announce_status(messages: Iterable[Message]) -> None:
    """Send ``messages_advanced`` for ``messages`` of one session, within the transaction."""
    if advanced := list(messages):
        messages_advanced.send(Message, messages=advanced)
