from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from conversations.models import Direction, Message, MessageStatus
from conversations.signals import messages_advanced
from sessions_app.models import Session
from tests.factory import make_message, make_session
from tests.integration.conversations.ledger.arrivals import NOON, make_incoming, make_receipt
from tests.integration.conversations.ledger.conftest import Gateway

LATER = NOON + timedelta(minutes=1)


def _status(message: Message) -> str:
    return Message.objects.get(pk=message.pk).status


def test_it_names_the_sessions_whose_texts_wait(session: Session, gateway: Gateway) -> None:
    idle, foreign = make_session(), make_session()
    for waiting in (session, session, foreign):
        make_message(waiting)
    make_message(idle, status=MessageStatus.SENT)
    make_message(idle, direction=Direction.IN, status=MessageStatus.RECEIVED)

    assert gateway.waiting([session.pk, idle.pk]) == [session.pk]
    assert gateway.waiting([]) == []


def test_it_hands_out_the_oldest_text_first(session: Session, gateway: Gateway) -> None:
    second = make_message(session, text="second", created_at=LATER)
    first = make_message(session, text="first", created_at=NOON)
    make_message(make_session(), text="foreign", created_at=NOON - timedelta(days=1))

    taken = [gateway.take(session.pk) for _ in range(3)]

    assert [text and text.text for text in taken] == ["first", "second", None]
    assert [text and text.id for text in taken] == [first.pk, second.pk, None]
    assert (taken[0].to, taken[0].secret) == (first.peer, first.secret)
    assert _status(first) == _status(second) == MessageStatus.SENDING


def test_it_orders_texts_of_one_instant_by_id(session: Session, gateway: Gateway) -> None:
    ids = sorted(make_message(session, created_at=NOON).pk for _ in range(4))

    assert [gateway.take(session.pk).id for _ in ids] == ids


def test_it_puts_a_text_back_in_its_old_place(session: Session, gateway: Gateway) -> None:
    first = make_message(session, created_at=NOON)
    make_message(session, created_at=LATER)
    gateway.take(session.pk)

    gateway.put_back(first.pk)

    assert _status(first) == MessageStatus.QUEUED
    assert gateway.take(session.pk).id == first.pk


@pytest.mark.parametrize(
    "status", [s for s in MessageStatus if s not in (MessageStatus.QUEUED, MessageStatus.SENDING)]
)
def test_it_never_puts_back_what_may_have_left(
    session: Session, gateway: Gateway, status: MessageStatus
) -> None:
    message = make_message(session, status=status)

    gateway.put_back(message.pk)

    assert _status(message) == status


def test_it_notes_what_whatsapp_has_taken(session: Session, gateway: Gateway) -> None:
    message = make_message(session)
    gateway.take(session.pk)

    gateway.sent(message.pk, "3EB0A1", LATER)

    message.refresh_from_db()
    assert (message.status, message.whatsapp_id, message.sent_at) == ("sent", "3EB0A1", LATER)


def test_it_hears_the_same_result_twice_without_harm(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)

    gateway.sent(message.pk, "3EB0A1", NOON)
    gateway.sent(message.pk, "3EB0A1", LATER)

    message.refresh_from_db()
    assert (message.status, message.sent_at) == ("sent", NOON)


def test_it_keeps_the_sentence_of_a_refusal(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)

    gateway.failed(message.pk, "not_on_whatsapp", "This number is not on WhatsApp.")

    message.refresh_from_db()
    assert (message.status, message.error_code) == ("failed", "not_on_whatsapp")
    assert message.error == "This number is not on WhatsApp."


def test_it_stores_a_refusal_however_long(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)

    gateway.failed(message.pk, "c" * 500, "s" * 5000)

    message.refresh_from_db()
    assert (len(message.error_code), len(message.error)) == (40, 200)


@pytest.mark.parametrize(
    "status",
    [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.RECEIVED],
)
def test_it_ignores_a_refusal_of_what_has_arrived(
    session: Session, gateway: Gateway, status: MessageStatus
) -> None:
    message = make_message(session, status=status)

    gateway.failed(message.pk, "late", "Too late.")

    message.refresh_from_db()
    assert (message.status, message.error) == (status, "")


def test_it_lists_what_was_being_sent_by_its_secret(session: Session, gateway: Gateway) -> None:
    sending = [make_message(session, status=MessageStatus.SENDING) for _ in range(2)]
    make_message(session)
    make_message(make_session(), status=MessageStatus.SENDING)

    assert gateway.in_doubt(session.pk) == {row.secret: row.pk for row in sending}


def test_it_never_sends_again_what_may_have_left(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)

    gateway.may_have_left(message.pk, "3EB0A1")

    assert _status(message) == MessageStatus.UNCONFIRMED
    assert gateway.take(session.pk) is None
    assert gateway.in_doubt(session.pk) == {}


@pytest.mark.parametrize("status", ["delivered", "read"])
def test_it_settles_doubtful_texts_with_a_receipt(
    session: Session, gateway: Gateway, status: str
) -> None:
    message = make_message(session, status=MessageStatus.SENDING)
    gateway.may_have_left(message.pk, "3EB0A1")

    gateway.store_receipt(session.pk, make_receipt("3EB0A1", status=status))

    assert _status(message) == status


def test_it_settles_doubtful_texts_with_a_late_result(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)
    gateway.may_have_left(message.pk, "3EB0A1")

    gateway.sent(message.pk, "3EB0A1", LATER)

    assert _status(message) == MessageStatus.SENT


def test_it_does_not_doubt_what_is_confirmed(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)
    gateway.sent(message.pk, "3EB0A1", NOON)

    gateway.may_have_left(message.pk, "3EB0A1")

    assert _status(message) == MessageStatus.SENT


def test_it_accepts_late_results_for_a_text_waiting_again(
    session: Session, gateway: Gateway
) -> None:
    message = make_message(session, status=MessageStatus.SENDING)
    gateway.put_back(message.pk)

    gateway.sent(message.pk, "3EB0A1", LATER)

    assert gateway.take(session.pk) is None
    assert _status(message) == MessageStatus.SENT


def test_it_fails_what_waits_when_the_session_has_ended(session: Session, gateway: Gateway) -> None:
    waiting = [make_message(session) for _ in range(2)]
    sending = make_message(session, status=MessageStatus.SENDING)
    foreign = make_message(make_session())

    gateway.fail_waiting(session.pk, "session_ended", "The number was unlinked.")

    assert [_status(row) for row in waiting] == ["failed", "failed"]
    assert _status(sending) == MessageStatus.UNCONFIRMED
    assert _status(foreign) == MessageStatus.QUEUED
    waiting[0].refresh_from_db()
    assert waiting[0].error == "The number was unlinked."


def test_it_joins_an_early_echo_with_its_result(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)
    gateway.store_message(session.pk, make_incoming(whatsapp_id="3EB0A1", from_me=True))
    gateway.store_receipt(session.pk, make_receipt("3EB0A1", at=LATER))

    gateway.sent(message.pk, "3EB0A1", NOON)

    row = Message.objects.get()
    assert row.pk == message.pk
    assert (row.status, row.whatsapp_id, row.delivered_at) == ("delivered", "3EB0A1", LATER)


def test_it_never_gives_two_texts_one_id(session: Session, gateway: Gateway) -> None:
    """A fault of ours is not hidden by losing one of them."""
    first, second = (make_message(session, status=MessageStatus.SENDING) for _ in range(2))
    gateway.sent(first.pk, "3EB0A1", NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        gateway.sent(second.pk, "3EB0A1", NOON)

    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("sent", ("3EB0A1", NOON)),
        ("failed", ("code", "Sentence.")),
        ("put_back", ()),
        ("may_have_left", ("3EB0A1",)),
    ],
)
def test_it_survives_a_message_that_is_gone(
    db: None, gateway: Gateway, method: str, arguments: tuple[Any, ...]
) -> None:
    getattr(gateway, method)(uuid4(), *arguments)

    assert not Message.objects.exists()


def test_it_survives_a_session_that_is_gone(db: None, gateway: Gateway) -> None:
    gone = uuid4()

    gateway.fail_waiting(gone, "code", "Sentence.")

    assert gateway.take(gone) is None
    assert gateway.waiting([gone]) == []
    assert gateway.in_doubt(gone) == {}


def test_it_announces_each_step_once(session: Session, gateway: Gateway) -> None:
    received: list[object] = []

    def receive(sender: object, messages: list[Message], **kwargs: object) -> None:
        received.extend((one.pk, one.session_id, one.status) for one in messages)

    message = make_message(session, status=MessageStatus.SENDING)
    messages_advanced.connect(receive)
    try:
        gateway.sent(message.pk, "3EB0A1", NOON)
        gateway.sent(message.pk, "3EB0A1", NOON)
        gateway.store_receipt(session.pk, make_receipt("3EB0A1"))
        gateway.store_receipt(session.pk, make_receipt("3EB0A1"))
    finally:
        messages_advanced.disconnect(receive)

    assert received == [(message.pk, session.pk, s) for s in ("sent", "delivered")]
