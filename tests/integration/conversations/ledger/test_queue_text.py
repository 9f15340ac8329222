from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations.actions import NotReady, queue_text
from conversations.models import MAX_TEXT_CHARACTERS, Direction, Message, MessageStatus
from conversations.rules import checked_text
from core.text.phone_numbers import e164
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import make_session

TO = e164("+351912345678")
HELLO = checked_text("Hello")


def test_it_writes_a_row_that_waits(session: Session) -> None:
    message = queue_text(session, to=TO, text=checked_text("Good morning"), by="alice@example.com")

    row = Message.objects.get()
    assert row == message
    assert (row.direction, row.status) == (Direction.OUT, MessageStatus.QUEUED)
    assert (row.peer, row.text, row.created_by) == (TO, "Good morning", "alice@example.com")
    assert (row.account_id, row.session_id) == (session.account_id, session.pk)
    assert len(row.secret) == 64
    assert row.whatsapp_id == ""


def test_it_gives_each_text_a_secret_of_its_own(session: Session) -> None:
    secrets = {queue_text(session, to=TO, text=HELLO, by="").secret for _ in range(3)}

    assert len(secrets) == 3


def test_it_takes_the_longest_text_unchanged(session: Session) -> None:
    text = " é" * (MAX_TEXT_CHARACTERS // 2)

    queue_text(session, to=TO, text=checked_text(text), by="")

    assert Message.objects.get().text == text


@pytest.mark.parametrize("reason", [Reason.OK, Reason.DEGRADED])
def test_it_sends_while_the_status_is_ready(db: None, reason: Reason) -> None:
    session = make_session(status=Status.READY, reason=reason)

    assert queue_text(session, to=TO, text=HELLO, by="").status == MessageStatus.QUEUED


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
def test_it_explains_why_a_session_cannot_send(
    db: None, columns: dict[str, Any], reason: Reason, sentence: str
) -> None:
    session = make_session(**columns)

    with pytest.raises(NotReady) as caught:
        queue_text(session, to=TO, text=HELLO, by="")

    assert str(caught.value).startswith(sentence)
    assert caught.value.reason == reason
    assert not Message.objects.exists()


def test_it_trusts_the_row_and_not_an_old_copy(session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(wanted=Wanted.STOPPED)

    with pytest.raises(NotReady, match="Stopped by you"):
        queue_text(session, to=TO, text=HELLO, by="")


def test_it_refuses_when_the_session_is_gone(session: Session) -> None:
    Session.objects.filter(pk=session.pk).delete()

    with pytest.raises(NotReady, match="Unlinked"):
        queue_text(session, to=TO, text=HELLO, by="")


def test_it_needs_a_constant_number_of_queries(
    session: Session, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):  # savepoint, locked session, insert, release
        queue_text(session, to=TO, text=HELLO, by="")
