from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import Location
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import Session, SessionEvent
from sessions_app.wording import REASONS
from tests.factory import make_session

HTMX = {"HX-Request": "true"}


def page_of(client: Client, session: Session) -> str:
    return client.get(reverse("session", args=[session.pk])).text


@pytest.mark.parametrize("reason", list(Reason))
def test_it_shows_only_the_sentence_in_its_status_region(
    alice: Client, location: Location, reason: Reason
) -> None:
    status = {Reason.OK: Status.READY, Reason.SCAN: Status.QR}.get(reason, Status.DISCONNECTED)
    session = make_session(location, status, reason=reason)

    page = page_of(alice, session)

    region = re.search(r'role="status">(.*?)</p>', page, re.S)
    assert region is not None
    assert region[1].replace("&#x27;", "'") == REASONS[reason].sentence


def test_it_shows_the_code_with_its_number_and_expiry(alice: Client, location: Location) -> None:
    session = make_session(location, Status.QR, qr_number=2)

    page = page_of(alice, session)

    assert 'role="img" aria-label="QR code 2 of 6' in page
    assert "Code 2 of 6" in page
    assert session.qr_expires_at is not None
    assert f'data-expires="{session.qr_expires_at.isoformat()}"' in page
    assert "Link with a code instead" in page
    assert session.qr_text not in page


def test_it_offers_a_new_code_after_the_last(alice: Client, location: Location) -> None:
    session = make_session(location, Status.DISCONNECTED, reason=Reason.QR_EXPIRED)

    page = page_of(alice, session)

    assert "The codes ran out" in page
    assert '<button class="strong" form="session_restart">New QR code</button>' in page


def test_it_shows_the_number_when_it_is_ready(alice: Client, location: Location) -> None:
    page = page_of(alice, make_session(location, phone_number="+351912345678"))

    assert "✅ Connected" in page
    assert "+351 912 345 678" in page
    assert "Send a test message" in page


def test_it_tells_when_the_phone_was_last_seen(alice: Client, location: Location) -> None:
    seen = timezone.now() - timedelta(hours=3)
    session = make_session(location, phone_seen_at=seen)

    page = alice.get(reverse("session", args=[session.pk])).content.decode()

    exact = seen.isoformat(timespec="milliseconds")
    assert re.search(f'phone last seen <time datetime="{re.escape(exact)}" data-style="ago"', page)


def test_it_requests_a_new_attempt_on_restart(bob: Client, session: Session) -> None:
    answer = bob.post(reverse("session_restart", args=[session.pk]), follow=True)

    attempt = session.wanted_attempt
    session.refresh_from_db()
    assert session.wanted_attempt == attempt + 1
    assert session.wanted_by == "bob@example.com"
    assert "Starting again." in answer.text


@pytest.mark.parametrize(
    ("name", "wanted"), [("session_stop", Wanted.STOPPED), ("session_unlink", Wanted.UNLINKED)]
)
def test_it_does_the_dangerous_when_asked_twice(
    alice: Client, session: Session, name: str, wanted: Wanted
) -> None:
    asked = alice.get(reverse(name, args=[session.pk])).text
    done = alice.post(reverse(name, args=[session.pk]))

    session.refresh_from_db()
    number = re.sub(r"\D", "", session.phone_number)
    assert number in re.sub(r"\D", "", asked.split("<h1>")[1].split("</h1>")[0])
    assert (done.status_code, session.wanted) == (302, wanted)


def test_it_offers_nothing_for_an_unlinked_session(alice: Client, location: Location) -> None:
    gone = make_session(
        location, Status.DISCONNECTED, reason=Reason.UNLINKED, wanted=Wanted.UNLINKED
    )

    page = page_of(alice, gone)
    answer = alice.post(reverse("session_restart", args=[gone.pk]), follow=True)

    assert "Create connection" in page
    assert "This number is unlinked. Create a new connection." in answer.text


def test_it_returns_live_parts_to_htmx(alice: Client, session: Session) -> None:
    answer = alice.post(reverse("session_restart", args=[session.pk]), headers=HTMX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.text.count("hx-swap-oob") >= 6
    assert "Starting again." in answer.text


def test_it_polls_the_same_content_as_first_paint(alice: Client, location: Location) -> None:
    session = make_session(location, Status.QR)

    page = page_of(alice, session)
    parts = alice.get(reverse("session_live", args=[session.pk])).text

    for name in ("head", "actions", "figure", "timeline"):
        first = re.search(rf'<(\w+) id="{name}".*?</\1>', page, re.S)
        later = re.search(rf'<(\w+) id="{name}".*?</\1>', parts, re.S)
        assert first is not None and later is not None
        assert later[0].replace(' hx-swap-oob="true"', "") == first[0]


def test_it_requests_a_pairing_code_by_number(alice: Client, location: Location) -> None:
    session = make_session(location, Status.QR)
    url = reverse("session_pairing", args=[session.pk])

    answer = alice.post(url, {"phone": "+351 912-345-678"})

    session.refresh_from_db()
    assert (answer.status_code, session.wanted_pairing_phone) == (302, "+351912345678")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_it_reports_a_wrong_number_and_keeps_it(
    alice: Client, location: Location, headers: dict[str, str]
) -> None:
    session = make_session(location, Status.QR)
    url = reverse("session_pairing", args=[session.pk])

    answer = alice.post(url, {"phone": "0912 345"}, headers=headers)

    assert answer.status_code == 422
    assert "Write the number with + and its country code" in answer.text
    assert 'value="0912 345"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_it_needs_a_visible_code_for_pairing(alice: Client, session: Session) -> None:
    url = reverse("session_pairing", args=[session.pk])

    answer = alice.post(url, {"phone": "+351912345678"}, headers=HTMX)

    assert answer.status_code == 422
    assert "only while a QR code is shown" in answer.text


def test_it_shows_the_pairing_code_and_its_error(alice: Client, location: Location) -> None:
    session = make_session(
        location, Status.QR, pairing_code="ABCD-EFGH", pairing_error="That did not work."
    )

    page = page_of(alice, session)

    assert "ABCD-EFGH" in page
    assert '<p id="pairing-error" data-live class="error">That did not work.</p>' in page


def test_it_shows_the_timeline_newest_first_with_folded_codes(
    alice: Client, session: Session
) -> None:
    start = timezone.now() - timedelta(minutes=5)
    told: list[tuple[int, Event, str]] = [
        (0, Event.START, "alice@example.com"),
        (2, Event.QR_CODE, "gateway"),
        (62, Event.QR_CODE, "gateway"),
        (70, Event.PAIR_SUCCESS, "WhatsApp"),
        (72, Event.CONNECTED, "WhatsApp"),
        (100, Event.DROPPED, "WhatsApp"),
        (108, Event.CONNECTED, "WhatsApp"),
    ]
    for version, (seconds, event, actor) in enumerate(told, 1):
        SessionEvent.objects.create(
            session=session,
            at=start + timedelta(seconds=seconds),
            event=event,
            old_status="",
            new_status=Status.READY,
            reason=Reason.OK,
            actor=actor,
            version=version,
        )

    days = alice.get(reverse("session", args=[session.pk])).context["days"]

    lines = [f"{one.text} {one.note}".strip() for day in days for one in day.entries]
    assert lines == [
        "Reconnected after 8 s",
        "The connection dropped",
        "Connected",
        "The phone accepted the link",
        "Showed 2 QR codes",
        "Started by alice@example.com",
    ]


@pytest.mark.parametrize("status", list(Status))
def test_it_works_without_javascript(alice: Client, location: Location, status: Status) -> None:
    page = page_of(alice, make_session(location, status))

    moving = status in (Status.INITIALIZING, Status.QR)
    assert ('<noscript><meta http-equiv="refresh"' in page) is moving
    assert not re.search(r"\son\w+=|<script>|\sstyle=", page)
