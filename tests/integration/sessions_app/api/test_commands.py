"""The commands of the API: stored at once, answered with 202 and the snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from locations.models import Account
from sessions_app.lifecycle import Status, Wanted
from sessions_app.models import Session
from sessions_app.signals import session_wanted
from tests.factory import make_location, make_session
from tests.integration.locations.rest.conftest import Caller, assert_problem


@pytest.fixture
def waiting(account: Account) -> Session:
    """A session that shows a code."""
    return make_session(make_location(account), Status.QR)


@pytest.mark.parametrize(
    ("verb", "wanted", "attempts"),
    [
        ("restart", Wanted.LINKED, 2),
        ("stop", Wanted.STOPPED, 1),
        ("unlink", Wanted.UNLINKED, 1),
    ],
)
def test_it_stores_a_request_and_returns_the_snapshot(
    caller: Caller, session: Session, verb: str, wanted: Wanted, attempts: int
) -> None:
    answer = caller.post(f"/sessions/{session.pk}/{verb}/")

    session.refresh_from_db()
    assert answer.status_code == 202
    assert (answer.json()["id"], answer.json()["wanted"]) == (str(session.pk), wanted)
    assert (session.wanted, session.wanted_attempt) == (wanted, attempts)
    assert session.wanted_by == "API key Reminders"


def test_it_notifies_the_gateway(
    caller: Caller, session: Session, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[object] = []

    def listen(sender: object, session_id: object, **kwargs: object) -> None:
        told.append(session_id)

    session_wanted.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            caller.post(f"/sessions/{session.pk}/stop/")
    finally:
        session_wanted.disconnect(listen)

    assert told == [session.pk]


@pytest.mark.parametrize("verb", ["restart", "stop"])
def test_it_keeps_an_unlinked_session_unlinked(caller: Caller, session: Session, verb: str) -> None:
    Session.objects.update(wanted=Wanted.UNLINKED)

    body = assert_problem(caller.post(f"/sessions/{session.pk}/{verb}/"), 409, "not_possible")

    assert "Create a new connection" in body["detail"]
    assert Session.objects.get().wanted == Wanted.UNLINKED


def test_it_ignores_a_second_unlink(caller: Caller, session: Session) -> None:
    first = caller.post(f"/sessions/{session.pk}/unlink/")
    at = Session.objects.get().wanted_at

    second = caller.post(f"/sessions/{session.pk}/unlink/")

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json()["wanted"] == "unlinked"
    assert Session.objects.get().wanted_at == at


def test_it_requests_a_pairing_code(caller: Caller, waiting: Session) -> None:
    answer = caller.post(f"/sessions/{waiting.pk}/pairing-code/", {"phone": "+351 912 345 678"})

    waiting.refresh_from_db()
    assert answer.status_code == 202
    assert answer.json()["status"] == "qr"
    assert waiting.wanted_pairing_phone == "+351912345678"
    assert "no-store" in answer.headers["Cache-Control"]


def test_it_needs_a_visible_code_for_pairing(caller: Caller, session: Session) -> None:
    answer = caller.post(f"/sessions/{session.pk}/pairing-code/", {"phone": "+351912345678"})

    body = assert_problem(answer, 409, "not_possible")
    assert "while a QR code is shown" in body["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"phone": ""},
        {"phone": None},
        {"phone": "912345678"},
        {"phone": 351912345678},
        {"phone": "+12"},
        {"phone": "+351912345678\x00"},
        {"phone": ["+351912345678"]},
        {"phone": True},
    ],
)
def test_it_reports_a_wrong_phone_by_field(caller: Caller, waiting: Session, body: Any) -> None:
    answer = caller.post(f"/sessions/{waiting.pk}/pairing-code/", body)

    problem = assert_problem(answer, 400, "invalid")
    assert list(problem["errors"]) == ["phone"]
    waiting.refresh_from_db()
    assert waiting.wanted_pairing_phone == ""
