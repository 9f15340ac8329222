from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import MAX_TEXT_CHARACTERS, Direction, Message, MessageStatus
from locations.models import Location
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.factory import make_message, make_session

HTMX = {"HX-Request": "true"}
GOOD = {"to": "+351 911 111 111", "text": "Hello"}


def url_of(session: Session) -> str:
    return reverse("messages", args=[session.pk])


def test_it_queues_a_text_and_redirects(bob: Client, session: Session) -> None:
    answer = bob.post(url_of(session), GOOD)

    message = Message.objects.get()
    assert answer["Location"] == reverse("session", args=[session.pk])
    assert (message.peer, message.text, message.status) == (
        "+351911111111",
        "Hello",
        MessageStatus.QUEUED,
    )
    assert message.created_by == "bob@example.com"


def test_it_returns_form_and_list_to_htmx(alice: Client, session: Session) -> None:
    answer = alice.post(url_of(session), GOOD, headers=HTMX)

    assert answer.status_code == 200
    assert 'value="+351 911 111 111"' in answer.text
    assert ">\n</textarea>" in answer.text
    assert 'id="messages" hx-swap-oob="true"' in answer.text
    assert "Hello" in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"to": "911", "text": "Hello"}, "Write the number with + and its country code"),
        ({"to": "", "text": "Hello"}, "Write the number with + and its country code"),
        ({"to": "+351911111111", "text": " \n"}, "Write a text to send."),
        (
            {"to": "+351911111111", "text": "é" * (MAX_TEXT_CHARACTERS + 1)},
            "A text has at most 65,536 characters.",
        ),
    ],
)
def test_it_shows_field_errors_and_keeps_the_input(
    alice: Client, session: Session, headers: dict[str, str], typed: dict[str, str], sentence: str
) -> None:
    answer = alice.post(url_of(session), typed, headers=headers)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert typed["text"] in answer.text
    assert typed["to"] in answer.text
    assert not Message.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_it_explains_why_a_session_is_not_ready(
    alice: Client, location: Location, headers: dict[str, str]
) -> None:
    session = make_session(location, Status.DISCONNECTED)

    answer = alice.post(url_of(session), GOOD, headers=headers)

    assert answer.status_code == 422
    assert "The codes ran out before one was scanned." in answer.text
    assert "Hello" in answer.text


@pytest.mark.parametrize(
    ("status", "word", "sentence"),
    [
        (MessageStatus.QUEUED, "Waiting", ""),
        (MessageStatus.SENT, "Sent", ""),
        (MessageStatus.DELIVERED, "Delivered", ""),
        (MessageStatus.READ, "Read", ""),
        (MessageStatus.UNCONFIRMED, "Not confirmed", "It may have been sent."),
        (MessageStatus.FAILED, "Failed", "This number is not on WhatsApp."),
    ],
)
def test_it_shows_the_status_of_each_message(
    alice: Client, session: Session, status: MessageStatus, word: str, sentence: str
) -> None:
    error = "This number is not on WhatsApp." if status is MessageStatus.FAILED else ""
    make_message(session, status=status, error=error)

    part = alice.get(url_of(session)).text

    assert f"<b>{word}</b>" in part
    assert sentence in part


def test_it_shows_what_came_in_with_who_wrote_it(alice: Client, session: Session) -> None:
    make_message(
        session,
        direction=Direction.IN,
        status=MessageStatus.RECEIVED,
        peer_name="Ana <b>",
        text="<script>alert(1)</script>",
    )

    page = alice.get(reverse("session", args=[session.pk])).text

    assert "Ana &lt;b&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_it_shows_the_messages_of_this_session_only(alice: Client, session: Session) -> None:
    make_message(make_session(), text="Secret of others")

    assert "Secret of others" not in alice.get(url_of(session)).text


def test_it_pages_older_messages(alice: Client, session: Session) -> None:
    for number in range(65):
        make_message(session, text=f"text {number:02}")
    url = reverse("messages", args=[session.pk])

    pages = [alice.get(url)]
    while older := pages[-1].context["older"]:
        pages.append(alice.get(url, {"before": str(older)}))

    shown = [[message.text for message in page.context["rows"]] for page in pages]
    assert [len(rows) for rows in shown] == [30, 30, 5]
    assert [text for rows in shown for text in rows] == [f"text {n:02}" for n in range(64, -1, -1)]
    assert f"?before={pages[0].context['older']}" in pages[0].text


@pytest.mark.parametrize("before", ["nonsense", "0b5e7a1c-2d7f-4f0e-9d55-6a4c1f6a9b11"])
def test_it_starts_at_the_latest_for_unknown_ids(
    alice: Client, session: Session, before: str
) -> None:
    make_message(session, text="the latest")

    assert (
        "the latest" in alice.get(reverse("messages", args=[session.pk]), {"before": before}).text
    )


def test_it_ignores_ids_of_another_session(alice: Client, session: Session) -> None:
    make_message(session, text="ours")
    foreign = make_message(make_session(), text="theirs")

    page = alice.get(reverse("messages", args=[session.pk]), {"before": str(foreign.pk)}).text

    assert "ours" in page
    assert "theirs" not in page
