from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from conversations.models import Direction, Message, MessageStatus
from conversations.signals import message_arrived
from sessions_app.models import Session
from tests.factory import make_message, make_session
from tests.integration.conversations.ledger.arrivals import NOON, make_incoming
from tests.integration.conversations.ledger.conftest import Gateway


def test_it_writes_what_comes_in(session: Session, gateway: Gateway) -> None:
    gateway.store_message(session.pk, make_incoming())

    row = Message.objects.get()
    assert (row.direction, row.status) == (Direction.IN, MessageStatus.RECEIVED)
    assert (row.peer, row.peer_name, row.text) == ("+351911111111", "Dora", "Are you open today?")
    assert (row.account_id, row.session_id) == (session.account_id, session.pk)
    assert (row.whatsapp_id, row.sent_at, row.media) == ("3A0001", NOON, "")


def test_it_writes_the_same_message_once(session: Session, gateway: Gateway) -> None:
    gateway.store_message(session.pk, make_incoming())
    gateway.store_message(session.pk, make_incoming(text="changed on the way"))

    assert Message.objects.get().text == "Are you open today?"


@pytest.mark.parametrize("other", [{"peer": "+351922222222"}, {"whatsapp_id": "3A0002"}])
def test_it_keeps_equal_ids_of_different_senders(
    session: Session, gateway: Gateway, other: dict[str, Any]
) -> None:
    gateway.store_message(session.pk, make_incoming())
    gateway.store_message(session.pk, make_incoming(**other))

    assert Message.objects.count() == 2


def test_it_keeps_equal_ids_of_both_directions(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING, peer="+351911111111")
    gateway.store_message(session.pk, make_incoming(whatsapp_id="3EB0A1"))

    gateway.sent(message.pk, "3EB0A1", NOON)

    assert sorted(Message.objects.values_list("direction", "status")) == [
        ("in", "received"),
        ("out", "sent"),
    ]


def test_it_keeps_equal_ids_of_different_sessions(session: Session, gateway: Gateway) -> None:
    gateway.store_message(session.pk, make_incoming())
    gateway.store_message(make_session().pk, make_incoming())

    assert Message.objects.count() == 2


def test_it_stores_messages_from_the_phone_as_sent(session: Session, gateway: Gateway) -> None:
    gateway.store_message(session.pk, make_incoming(from_me=True))

    row = Message.objects.get()
    assert (row.direction, row.status, row.sent_at) == ("out", "sent", NOON)
    assert gateway.take(session.pk) is None


def test_it_ignores_the_echo_of_its_own_text(session: Session, gateway: Gateway) -> None:
    message = make_message(session, status=MessageStatus.SENDING)
    gateway.sent(message.pk, "3EB0A1", NOON)

    gateway.store_message(session.pk, make_incoming(whatsapp_id="3EB0A1", from_me=True))
    gateway.store_message(
        session.pk, make_incoming(whatsapp_id="3EB0A1", from_me=True, peer="+5511987654321")
    )

    assert Message.objects.get() == message


def test_it_stores_a_caption_with_its_media_type(session: Session, gateway: Gateway) -> None:
    gateway.store_message(session.pk, make_incoming(text="", media="image"))

    row = Message.objects.get()
    assert (row.text, row.media) == ("", "image")


def test_it_stores_what_no_database_takes_as_text(session: Session, gateway: Gateway) -> None:
    hostile = make_incoming(
        whatsapp_id="x" * 5000 + "\x00",
        peer_name="N\x00" + "a" * 500,
        text="nul \x00 half \ud83d é 😀",
    )

    gateway.store_message(session.pk, hostile)
    gateway.store_message(session.pk, hostile)

    row = Message.objects.get()
    assert row.text == "nul \ufffd half \ufffd é 😀"
    assert (len(row.peer_name), len(row.whatsapp_id)) == (120, 64)


def test_it_stores_a_message_whose_sender_has_no_number(session: Session, gateway: Gateway) -> None:
    gateway.store_message(session.pk, make_incoming(peer=""))

    assert Message.objects.get().peer == ""


def test_it_drops_messages_of_a_deleted_session(db: None, gateway: Gateway) -> None:
    gateway.store_message(uuid4(), make_incoming())

    assert not Message.objects.exists()


def test_it_shows_late_messages_as_new(session: Session, gateway: Gateway) -> None:
    """The ledger keeps the order of arrival, so that paging misses nothing new."""
    gateway.store_message(session.pk, make_incoming())
    gateway.store_message(
        session.pk, make_incoming(whatsapp_id="3A0002", sent_at=NOON - timedelta(days=3))
    )

    assert [m.whatsapp_id for m in Message.objects.all()] == ["3A0002", "3A0001"]


def test_it_announces_a_message_once(session: Session, gateway: Gateway) -> None:
    received: list[object] = []

    def receive(sender: object, message: Message, **kwargs: object) -> None:
        received.append((message.pk, message.session_id, message.direction))

    message_arrived.connect(receive)
    try:
        gateway.store_message(session.pk, make_incoming())
        gateway.store_message(session.pk, make_incoming())
    finally:
        message_arrived.disconnect(receive)

    assert received == [(Message.objects.get().pk, session.pk, "in")]


def test_it_stores_nothing_when_a_receiver_fails(session: Session, gateway: Gateway) -> None:
    def fail(sender: object, **kwargs: object) -> None:
        raise RuntimeError("a fault in a receiver")

    message_arrived.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            gateway.store_message(session.pk, make_incoming())
    finally:
        message_arrived.disconnect(fail)

    assert not Message.objects.exists()
