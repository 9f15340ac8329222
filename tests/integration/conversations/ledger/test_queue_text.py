from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations.actions import BadNumber, BadText, LedgerError, NotReady, queue_text
from conversations.models import MAX_TEXT_CHARACTERS, Direction, Message, MessageStatus
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import make_session

TO = "+351912345678"


def test_it_writes_a_row_that_waits(session: Session) -> None:
    message = queue_text(session, to=TO, text="Good morning", by="alice@example.com")

    row = Message.objects.get()
    assert row == message
    assert (row.direction, row.status) == (Direction.OUT, MessageStatus.QUEUED)
    assert (row.peer, row.text, row.created_by) == (TO, "Good morning", "alice@example.com")
    assert (row.account_id, row.session_id) == (session.account_id, session.pk)
    assert len(row.secret) == 64
    assert row.whatsapp_id == ""


def test_it_gives_each_text_a_secret_of_its_own(session: Session) -> None:
    secrets = {queue_text(session, to=TO, text="Hello", by="").secret for _ in range(3)}

    assert len(secrets) == 3


@pytest.mark.parametrize("typed", ["+351 912 345 678", " +351-912-345-678 ", "+351 (912) 345.678"])
def test_it_takes_a_number_as_people_write_it(session: Session, typed: str) -> None:
    assert queue_text(session, to=typed, text="Hello", by="").peer == TO


def test_it_drops_the_national_zero_that_people_write_in_brackets(session: Session) -> None:
    assert queue_text(session, to="+44 (0)20 7946 0000", text="Hi", by="").peer == "+442079460000"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "912345678",
        "00351912345678",
        "+",
        "+0123456789",
        "+12",
        "+35191234567890123456",
        "+999123456789",
        "+1 800 FLOWERS",
        "+351912345678 ext 9",
        "+351912345678\n+351912345679",
        "+٣٥١٩١٢٣٤٥٦٧٨",
        "alice",
        "\x00",
    ],
)
def test_it_refuses_what_is_not_a_number(session: Session, typed: str) -> None:
    with pytest.raises(BadNumber, match="country code, for example") as caught:
        queue_text(session, to=typed, text="Hello", by="")

    assert caught.value.code == "bad_number"
    assert not Message.objects.exists()


def test_it_takes_the_longest_text_unchanged(session: Session) -> None:
    text = " é" * (MAX_TEXT_CHARACTERS // 2)

    queue_text(session, to=TO, text=text, by="")

    assert Message.objects.get().text == text


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "Write a text"),
        (" \n\t\u00a0", "Write a text"),
        ("x" * (MAX_TEXT_CHARACTERS + 1), "at most 65,536 characters"),
        ("nul \x00 inside", "Remove them"),
        ("half \ud83d of a pair", "Remove them"),
    ],
)
def test_it_refuses_a_text_that_cannot_be_sent(session: Session, text: str, advice: str) -> None:
    with pytest.raises(BadText, match=advice) as caught:
        queue_text(session, to=TO, text=text, by="")

    assert caught.value.code == "bad_text"
    assert not Message.objects.exists()


@pytest.mark.parametrize("reason", [Reason.OK, Reason.DEGRADED])
def test_it_sends_while_the_status_is_ready(db: None, reason: Reason) -> None:
    session = make_session(status=Status.READY, reason=reason)

    assert queue_text(session, to=TO, text="Hello", by="").status == MessageStatus.QUEUED


_PAST = timezone.now() - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("columns", "reason", "sentence"),
    [
        ({"status": Status.QR}, Reason.SCAN, "Scan this code with the phone. Open WhatsApp,"),
        ({"status": Status.INITIALIZING}, Reason.STARTING, "Preparing WhatsApp session… The code"),
        (
            {"status": Status.DISCONNECTED, "reason": Reason.LOGGED_OUT},
            Reason.LOGGED_OUT,
            "The link was removed on the phone. Link the number again",
        ),
        (
            {"lease_expires_at": _PAST},
            Reason.GATEWAY_OFFLINE,
            "Our connection service is not running. The number reconnects",
        ),
        (
            {"lease_expires_at": None, "since": _PAST},
            Reason.GATEWAY_OFFLINE,
            "Our connection service is not running. The number reconnects",
        ),
        ({"wanted": Wanted.STOPPED}, Reason.USER_DISCONNECT, "Stopped by you. Start it again"),
        ({"wanted": Wanted.UNLINKED}, Reason.UNLINKED, "Unlinked. Create a new connection"),
    ],
)
def test_it_says_why_a_session_cannot_send_and_what_to_do(
    db: None, columns: dict[str, Any], reason: Reason, sentence: str
) -> None:
    session = make_session(**columns)

    with pytest.raises(NotReady) as caught:
        queue_text(session, to=TO, text="Hello", by="")

    assert str(caught.value).startswith(sentence)
    assert caught.value.reason == reason
    assert not Message.objects.exists()


def test_it_trusts_the_row_and_not_an_old_copy(session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(wanted=Wanted.STOPPED)

    with pytest.raises(NotReady, match="Stopped by you"):
        queue_text(session, to=TO, text="Hello", by="")


def test_it_refuses_when_the_session_is_gone(session: Session) -> None:
    Session.objects.filter(pk=session.pk).delete()

    with pytest.raises(NotReady, match="Unlinked"):
        queue_text(session, to=TO, text="Hello", by="")


def test_its_errors_are_one_tree() -> None:
    assert {error.code for error in LedgerError.__subclasses__()} == {
        "session_not_ready",
        "bad_number",
        "bad_text",
    }


def test_it_needs_a_constant_number_of_queries(
    session: Session, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):  # savepoint, locked session, insert, release
        queue_text(session, to=TO, text="Hello", by="")
