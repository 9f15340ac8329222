"""Every page and action refuses users without access."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.factory import make_location, make_session

READS = ["session", "session_live", "messages"]
WRITES = [
    "session_restart", "session_stop", "session_unlink", "session_replace", "session_pairing",
    "messages",
]  # fmt: skip
ASKS = ["session_stop", "session_unlink", "session_replace", "session_pairing"]


def untouched(session: Session) -> bool:
    before = (session.wanted, session.wanted_attempt, session.wanted_pairing_phone)
    session.refresh_from_db()
    return before == (session.wanted, session.wanted_attempt, session.wanted_pairing_phone)


@pytest.mark.parametrize("name", [*READS, *ASKS])
def test_it_sends_the_anonymous_to_the_sign_in(client: Client, session: Session, name: str) -> None:
    answer = client.get(reverse(name, args=[session.pk]))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", [*READS, *ASKS])
def test_it_hides_a_session_from_strangers(charlie: Client, session: Session, name: str) -> None:
    answer = charlie.get(reverse(name, args=[session.pk]))

    assert answer.status_code == 404
    assert session.location.name not in answer.text


@pytest.mark.parametrize("name", WRITES)
def test_it_takes_no_wish_from_strangers(charlie: Client, session: Session, name: str) -> None:
    answer = charlie.post(
        reverse(name, args=[session.pk]), {"phone": "+351911111111", "to": "+351911111111"}
    )

    assert answer.status_code == 404
    assert untouched(session)
    assert not session.messages.exists()


@pytest.mark.parametrize("name", READS)
def test_it_shows_a_session_to_viewers(vera: Client, session: Session, name: str) -> None:
    assert vera.get(reverse(name, args=[session.pk])).status_code == 200


@pytest.mark.parametrize("name", ["session", "session_live"])
@pytest.mark.parametrize("pairing_code", ["", "ABCD-EFGH"])
def test_it_shows_codes_to_writers_only(
    bob: Client, vera: Client, account: Account, name: str, pairing_code: str
) -> None:
    location = make_location(account)
    waiting = make_session(location, Status.QR, pairing_code=pairing_code)
    page = reverse(name, args=[waiting.pk])

    writer, viewer = bob.get(page).text, vera.get(page).text

    assert 'class="qr"' in writer
    assert pairing_code in writer
    for secret in ('class="qr"', "ABCD-EFGH", waiting.qr_text, "M4 4", "Scan this code"):
        assert secret not in viewer
    assert "only its owners and members see it" in viewer


@pytest.mark.parametrize("name", WRITES)
def test_it_takes_no_wish_from_viewers(vera: Client, session: Session, name: str) -> None:
    answer = vera.post(
        reverse(name, args=[session.pk]), {"phone": "+351911111111", "to": "+351911111111"}
    )

    assert answer.status_code == 403
    assert "viewer" in answer.text
    assert untouched(session)
    assert not session.messages.exists()


@pytest.mark.parametrize("status", list(Status))
def test_it_shows_viewers_no_buttons(vera: Client, session: Session, status: Status) -> None:
    shown = session if status is Status.READY else make_session(status=status)
    if status is not Status.READY:
        Session.objects.filter(pk=shown.pk).update(account=session.account)

    page = vera.get(reverse("session", args=[shown.pk])).text

    main = page.split("<main", 1)[1]
    assert "<button" not in main
    assert "<form" not in main


@pytest.mark.parametrize("name", ["session_restart"])
def test_it_changes_nothing_on_get(alice: Client, session: Session, name: str) -> None:
    assert alice.get(reverse(name, args=[session.pk])).status_code == 405
    assert untouched(session)


@pytest.mark.parametrize("name", ASKS)
def test_it_asks_before_it_does(alice: Client, session: Session, name: str) -> None:
    assert alice.get(reverse(name, args=[session.pk])).status_code == 200
    assert untouched(session)


def test_it_has_a_page_for_what_is_not_there(alice: Client) -> None:
    answer = alice.get(reverse("session", args=[uuid.uuid4()]))

    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_it_refuses_a_form_without_its_token(alice: Client, session: Session) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.cookies

    answer = strict.post(reverse("session_unlink", args=[session.pk]))

    assert answer.status_code == 403
    assert "open for too long" in answer.text
    assert untouched(session)


def test_it_forbids_caching_a_code(alice: Client, session: Session) -> None:
    for name in ("session", "session_live"):
        answer = alice.get(reverse(name, args=[session.pk]))

        assert "no-store" in answer["Cache-Control"]
