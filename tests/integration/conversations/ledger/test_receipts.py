from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.models import EarlyReceipt, Message, MessageStatus
from sessions_app.models import Session
from tests.factory import make_message, make_session
from tests.integration.conversations.ledger.arrivals import NOON, make_incoming, make_receipt
from tests.integration.conversations.ledger.conftest import Gateway

LATER = NOON + timedelta(minutes=1)


def _sent(session: Session, whatsapp_id: str, **columns: Any) -> Message:
    defaults = {"status": MessageStatus.SENT, "whatsapp_id": whatsapp_id}
    return make_message(session, **{**defaults, **columns})


def test_it_advances_a_message(session: Session, gateway: Gateway) -> None:
    message = _sent(session, "3EB0A1")

    gateway.store_receipt(session.pk, make_receipt("3EB0A1"))
    gateway.store_receipt(session.pk, make_receipt("3EB0A1", status="read", at=LATER))

    message.refresh_from_db()
    assert (message.status, message.delivered_at, message.read_at) == ("read", NOON, LATER)


def test_it_never_moves_a_message_back(session: Session, gateway: Gateway) -> None:
    message = _sent(session, "3EB0A1")

    gateway.store_receipt(session.pk, make_receipt("3EB0A1", status="read", at=LATER))
    gateway.store_receipt(session.pk, make_receipt("3EB0A1", status="delivered", at=NOON))

    message.refresh_from_db()
    assert (message.status, message.delivered_at, message.read_at) == ("read", NOON, LATER)


def test_it_keeps_the_first_time(session: Session, gateway: Gateway) -> None:
    message = _sent(session, "3EB0A1")

    for at in (NOON, LATER):
        gateway.store_receipt(session.pk, make_receipt("3EB0A1", at=at))

    message.refresh_from_db()
    assert message.delivered_at == NOON


def test_it_applies_one_receipt_to_many_messages(
    session: Session, gateway: Gateway, django_assert_max_num_queries: Any
) -> None:
    ids = [f"3EB0{n:04d}" for n in range(200)]
    for whatsapp_id in ids:
        _sent(session, whatsapp_id)

    with django_assert_max_num_queries(8):
        gateway.store_receipt(session.pk, make_receipt(*ids, "3EB0UNKNOWN"))

    assert set(Message.objects.values_list("status", flat=True)) == {"delivered"}
    assert EarlyReceipt.objects.get().whatsapp_id == "3EB0UNKNOWN"


def test_it_ignores_messages_of_other_sessions(session: Session, gateway: Gateway) -> None:
    foreign = _sent(make_session(), "3EB0A1")

    gateway.store_receipt(session.pk, make_receipt("3EB0A1"))

    foreign.refresh_from_db()
    assert foreign.status == MessageStatus.SENT


@pytest.mark.parametrize("status", [MessageStatus.RECEIVED, MessageStatus.FAILED])
def test_it_ignores_messages_that_were_not_sent(
    session: Session, gateway: Gateway, status: MessageStatus
) -> None:
    direction = "in" if status is MessageStatus.RECEIVED else "out"
    message = _sent(session, "3EB0A1", status=status, direction=direction)

    gateway.store_receipt(session.pk, make_receipt("3EB0A1"))

    message.refresh_from_db()
    assert (message.status, message.delivered_at) == (status, None)


@pytest.mark.parametrize("settle", ["sent", "may_have_left"])
@pytest.mark.parametrize("order", [("delivered", "read"), ("read", "delivered")])
def test_it_keeps_receipts_until_the_id_is_known(
    session: Session, gateway: Gateway, settle: str, order: tuple[str, str]
) -> None:
    message = make_message(session, status=MessageStatus.SENDING)
    for status in order:
        at = NOON if status == "delivered" else LATER
        gateway.store_receipt(session.pk, make_receipt("3EB0A1", status=status, at=at))

    getattr(gateway, settle)(message.pk, "3EB0A1", *([NOON] if settle == "sent" else []))

    message.refresh_from_db()
    assert (message.status, message.delivered_at, message.read_at) == ("read", NOON, LATER)
    assert not EarlyReceipt.objects.exists()


def test_it_keeps_receipts_of_messages_from_the_phone(session: Session, gateway: Gateway) -> None:
    gateway.store_receipt(session.pk, make_receipt("3A0001", at=LATER))

    gateway.store_message(session.pk, make_incoming(from_me=True))

    row = Message.objects.get()
    assert (row.status, row.delivered_at) == ("delivered", LATER)
    assert not EarlyReceipt.objects.exists()


def test_it_keeps_an_early_receipt_once(session: Session, gateway: Gateway) -> None:
    for _ in range(3):
        gateway.store_receipt(session.pk, make_receipt("3EB0A1"))

    assert EarlyReceipt.objects.count() == 1


def test_it_drops_early_receipts_after_a_day(session: Session, gateway: Gateway) -> None:
    gateway.store_receipt(session.pk, make_receipt("3EB0OLD", "3EB0NEW"))
    EarlyReceipt.objects.filter(whatsapp_id="3EB0OLD").update(
        kept_at=timezone.now() - timedelta(hours=25)
    )
    EarlyReceipt.objects.filter(whatsapp_id="3EB0NEW").update(
        kept_at=timezone.now() - timedelta(hours=23)
    )

    gateway.store_receipt(session.pk, make_receipt("3EB0A1"))

    kept = EarlyReceipt.objects.values_list("whatsapp_id", flat=True)
    assert sorted(kept) == ["3EB0A1", "3EB0NEW"]


def test_it_drops_some_of_many_old_receipts(session: Session, gateway: Gateway) -> None:
    old = timezone.now() - timedelta(hours=25)
    EarlyReceipt.objects.bulk_create(
        EarlyReceipt(session=session, whatsapp_id=str(n), status="read", at=old, kept_at=old)
        for n in range(500)
    )

    left = []
    for number in range(4):
        gateway.store_receipt(session.pk, make_receipt(f"3EB0A{number}"))
        left.append(EarlyReceipt.objects.filter(kept_at=old).count())

    assert left == [300, 100, 0, 0]


def test_it_ignores_a_receipt_without_ids(session: Session, gateway: Gateway) -> None:
    gateway.store_receipt(session.pk, make_receipt())
    gateway.store_receipt(uuid4(), make_receipt("3EB0A1"))

    assert not EarlyReceipt.objects.exists()


def test_it_keeps_ids_however_long(session: Session, gateway: Gateway) -> None:
    gateway.store_receipt(session.pk, make_receipt("y" * 4000, "\x00", "é"))

    assert EarlyReceipt.objects.count() == 3
