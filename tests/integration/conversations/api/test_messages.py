from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from conversations.models import MAX_TEXT_CHARACTERS, Direction, Message, MessageStatus
from locations.models import Account
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Session
from tests.factory import make_location, make_message, make_session
from tests.integration.locations.rest.conftest import Caller, assert_problem

TEXT = {"to": "+351912345678", "text": "Your appointment is tomorrow at 10."}


def test_it_queues_a_text(caller: Caller, session: Session) -> None:
    answer = caller.post(f"/sessions/{session.pk}/messages/", TEXT)

    body, row = answer.json(), Message.objects.get()
    assert answer.status_code == 202
    assert (body["id"], body["session"]) == (str(row.pk), str(session.pk))
    assert (body["status"], body["direction"]) == ("queued", "out")
    assert (body["peer"], body["text"]) == (TEXT["to"], TEXT["text"])
    assert body["created_by"] == row.created_by == "API key Reminders"
    assert body["error"] is None


def test_it_keeps_the_text_unchanged(caller: Caller, session: Session) -> None:
    text = "  first line\n\n\tsecond 😀 é \u202e rtl  "

    body = caller.post(f"/sessions/{session.pk}/messages/", {**TEXT, "text": text}).json()

    assert body["text"] == Message.objects.get().text == text


def test_it_accepts_the_longest_text(caller: Caller, session: Session) -> None:
    body = {**TEXT, "text": "😀" * MAX_TEXT_CHARACTERS}

    assert caller.post(f"/sessions/{session.pk}/messages/", body).status_code == 202


def test_it_sends_with_a_constant_number_of_queries(
    caller: Caller, session: Session, django_assert_num_queries: Any
) -> None:
    # key, session; for the text and its audit: two savepoints, lock, two inserts, two releases
    with django_assert_num_queries(9):
        caller.post(f"/sessions/{session.pk}/messages/", TEXT)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["to", "text"]),
        ({"to": "+351912345678"}, ["text"]),
        ({"text": "Hello"}, ["to"]),
        ({**TEXT, "to": ""}, ["to"]),
        ({**TEXT, "to": None}, ["to"]),
        ({**TEXT, "to": "912345678"}, ["to"]),
        ({**TEXT, "to": "alice"}, ["to"]),
        ({**TEXT, "to": 351912345678}, ["to"]),
        ({**TEXT, "to": ["+351912345678"]}, ["to"]),
        ({**TEXT, "text": ""}, ["text"]),
        ({**TEXT, "text": " \n "}, ["text"]),
        ({**TEXT, "text": None}, ["text"]),
        ({**TEXT, "text": {"body": "x"}}, ["text"]),
        ({**TEXT, "text": "nul \x00"}, ["text"]),
        ({**TEXT, "text": "half \ud83d"}, ["text"]),
        ({**TEXT, "text": "x" * (MAX_TEXT_CHARACTERS + 1)}, ["text"]),
        ({"to": "x", "text": ""}, ["to", "text"]),
        ([TEXT], ["body"]),
        ("Hello", ["body"]),
    ],
)
def test_it_reports_a_wrong_text_by_field(
    caller: Caller, session: Session, body: Any, fields: list[str]
) -> None:
    answer = caller.post(f"/sessions/{session.pk}/messages/", body)

    problem = assert_problem(answer, 400, "invalid")
    assert list(problem["errors"]) == fields
    assert not Message.objects.exists()


def test_it_uses_the_ledgers_sentences_for_field_errors(caller: Caller, session: Session) -> None:
    answer = caller.post(f"/sessions/{session.pk}/messages/", {"to": "912", "text": ""})

    assert answer.json()["errors"] == {
        "to": ["Write the number with + and its country code, for example +351912345678."],
        "text": ["Write a text to send."],
    }


def test_it_explains_why_a_session_cannot_send(caller: Caller, account: Account) -> None:
    ended = make_session(make_location(account), Status.DISCONNECTED, reason=Reason.LOGGED_OUT)

    answer = caller.post(f"/sessions/{ended.pk}/messages/", TEXT)

    body = assert_problem(answer, 409, "session_not_ready")
    assert body["reason"] == "logged_out"
    assert body["detail"] == (
        "The link was removed on the phone. Link the number again with a new code."
    )
    assert not Message.objects.exists()


def test_it_lists_messages_newest_first(caller: Caller, session: Session) -> None:
    now = timezone.now()
    old = make_message(session, created_at=now - timedelta(hours=1))
    new = make_message(session, created_at=now)
    make_message(make_session(make_location(session.account)), text="of another session")

    body = caller.get(f"/sessions/{session.pk}/messages/").json()

    assert [row["id"] for row in body["results"]] == [str(new.pk), str(old.pk)]


def test_it_returns_all_fields_of_a_message(caller: Caller, session: Session) -> None:
    make_message(
        session,
        direction=Direction.IN,
        status=MessageStatus.RECEIVED,
        peer_name="Dora",
        media="image",
        text="",
        whatsapp_id="3A01",
        sent_at=timezone.now(),
    )

    row = caller.get(f"/sessions/{session.pk}/messages/").json()["results"][0]

    assert set(row) == {
        "id", "session", "direction", "status", "peer", "peer_name", "text", "media",
        "whatsapp_id", "error", "created_by", "created_at", "sent_at", "delivered_at", "read_at",
    }  # fmt: skip
    assert (row["direction"], row["status"], row["media"]) == ("in", "received", "image")
    assert (row["peer_name"], row["whatsapp_id"], row["text"]) == ("Dora", "3A01", "")
    assert row["sent_at"] is not None


def test_it_never_returns_the_secret(caller: Caller, session: Session) -> None:
    message = make_message(session)

    answer = caller.get(f"/sessions/{session.pk}/messages/")

    assert message.secret not in answer.content.decode()


def test_it_explains_a_failed_message(caller: Caller, session: Session) -> None:
    make_message(
        session,
        status=MessageStatus.FAILED,
        error_code="not_on_whatsapp",
        error="This number is not on WhatsApp.",
    )

    row = caller.get(f"/sessions/{session.pk}/messages/").json()["results"][0]

    assert row["error"] == {
        "code": "not_on_whatsapp",
        "sentence": "This number is not on WhatsApp.",
    }


def test_it_lists_any_number_with_three_queries(
    caller: Caller, session: Session, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        make_message(session)

    with django_assert_num_queries(3):  # key, session, messages
        caller.get(f"/sessions/{session.pk}/messages/")


def test_it_pages_stably_while_messages_arrive(caller: Caller, session: Session) -> None:
    now = timezone.now()
    for number in range(60):
        make_message(session, text=str(number), created_at=now + timedelta(seconds=number))
    first = caller.get(f"/sessions/{session.pk}/messages/").json()

    make_message(session, text="new", created_at=now + timedelta(hours=1))
    second = caller.get(first["next"]).json()

    seen = [int(row["text"]) for page in (first, second) for row in page["results"]]
    assert seen == list(range(59, -1, -1))
    assert second["next"] is None


def _listed(caller: Caller, session: Session, query: str) -> list[str]:
    body = caller.get(f"/sessions/{session.pk}/messages/?{query}").json()
    return [row["text"] for row in body["results"]]


def test_it_filters_the_list(caller: Caller, session: Session) -> None:
    now = timezone.now()
    make_message(session, text="old", created_at=now - timedelta(hours=2))
    make_message(session, text="sent", status=MessageStatus.SENT, created_at=now)
    make_message(
        session,
        text="in",
        direction=Direction.IN,
        status=MessageStatus.RECEIVED,
        created_at=now - timedelta(minutes=1),
    )
    moment = quote((now - timedelta(hours=1)).isoformat())

    assert _listed(caller, session, "direction=in") == ["in"]
    assert _listed(caller, session, "direction=out") == ["sent", "old"]
    assert _listed(caller, session, "status=sent") == ["sent"]
    assert _listed(caller, session, f"since={moment}") == ["sent", "in"]
    assert _listed(caller, session, f"since={moment}&direction=out&status=queued") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("direction=up", "direction"),
        ("status=ready", "status"),
        ("since=yesterday", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
        ("since=9999-12-31T23:59:59-12:00", "since"),
        ("since=2026-05-04T12:00:00%00", "since"),
    ],
)
def test_it_reports_a_wrong_filter_by_field(
    caller: Caller, session: Session, query: str, field: str
) -> None:
    answer = caller.get(f"/sessions/{session.pk}/messages/?{query}")

    assert list(assert_problem(answer, 400, "invalid")["errors"]) == [field]
