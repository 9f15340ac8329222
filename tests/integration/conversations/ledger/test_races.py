"""Concurrent transactions on the ledger."""

from __future__ import annotations

import pytest

from conversations.actions import NotReady, queue_text
from conversations.ledger import inbound, outbound, receipts
from conversations.models import EarlyReceipt, Message, MessageStatus
from conversations.rules import checked_text
from core.text.phone_numbers import e164
from sessions_app.actions import LocationBusy, create_session
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Session
from tests.factory import make_location, make_message, make_session
from tests.integration.at_once import meet, only_on_postgresql
from tests.integration.conversations.ledger.arrivals import NOON, make_incoming, make_receipt

TO = e164("+351912345678")
HELLO = checked_text("Hello")

pytestmark = [pytest.mark.django_db(transaction=True), only_on_postgresql]
ID = "3EB0A1"


@pytest.fixture
def session(transactional_db: None) -> Session:
    return make_session()


def _end(session: Session) -> None:
    """Write what the gateway writes when the link is removed on the phone."""
    Session.objects.filter(pk=session.pk).update(
        status=Status.DISCONNECTED, reason=Reason.LOGGED_OUT
    )


def test_it_matches_a_receipt_racing_its_send_result(session: Session) -> None:
    first, second = (make_message(session, status=MessageStatus.SENDING) for _ in range(2))

    meet(
        lambda: outbound.sent(first.pk, ID, NOON),
        lambda: receipts.store_receipt(session.pk, make_receipt(ID)),
    )
    meet(
        lambda: receipts.store_receipt(session.pk, make_receipt("3EB0B2")),
        lambda: outbound.sent(second.pk, "3EB0B2", NOON),
    )

    assert set(Message.objects.values_list("status", flat=True)) == {"delivered"}
    assert not EarlyReceipt.objects.exists()


def test_it_merges_an_echo_racing_its_send_result(session: Session) -> None:
    first, second = (make_message(session, status=MessageStatus.SENDING) for _ in range(2))

    meet(
        lambda: outbound.sent(first.pk, ID, NOON),
        lambda: inbound.store_message(session.pk, make_incoming(whatsapp_id=ID, from_me=True)),
    )
    meet(
        lambda: inbound.store_message(
            session.pk, make_incoming(whatsapp_id="3EB0B2", from_me=True)
        ),
        lambda: outbound.sent(second.pk, "3EB0B2", NOON),
    )

    assert set(Message.objects.values_list("pk", "status")) == {
        (first.pk, "sent"),
        (second.pk, "sent"),
    }


def test_it_stores_a_concurrent_duplicate_once(session: Session) -> None:
    def store() -> bool:
        return inbound.store_message(session.pk, make_incoming())

    again = meet(store, store)

    assert again is False
    assert Message.objects.count() == 1


def test_it_gives_concurrent_takers_different_texts(session: Session) -> None:
    make_message(session, text="first", created_at=NOON)
    make_message(session, text="second")

    second = meet(lambda: outbound.take(session.pk), lambda: outbound.take(session.pk))

    assert second.text == "second"
    assert outbound.take(session.pk) is None


def test_it_fails_no_text_that_is_being_taken(
    session: Session,
) -> None:
    taken = make_message(session)

    meet(
        lambda: outbound.take(session.pk),
        lambda: outbound.fail_waiting(session.pk, "session_ended", "Unlinked."),
    )

    taken.refresh_from_db()
    assert taken.status == MessageStatus.UNCONFIRMED  # it may have left


def test_it_fails_a_text_queued_as_the_session_ends(session: Session) -> None:
    def end() -> None:
        _end(session)
        outbound.fail_waiting(session.pk, "session_ended", "Unlinked.")

    meet(
        lambda: queue_text(session, to=TO, text=HELLO, by=""),
        end,
    )

    assert Message.objects.get().status == MessageStatus.FAILED


def test_it_refuses_a_text_after_the_end(session: Session) -> None:
    with pytest.raises(NotReady, match="removed on the phone"):
        meet(
            lambda: _end(session),
            lambda: queue_text(session, to=TO, text=HELLO, by=""),
        )

    assert not Message.objects.exists()


def test_it_gives_a_location_to_one_of_two_creators() -> None:
    location = make_location()

    with pytest.raises(LocationBusy):
        meet(
            lambda: create_session(location, by="alice"),
            lambda: create_session(location, by="bob"),
        )

    assert Session.objects.get().created_by == "alice"
