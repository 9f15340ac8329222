from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from locations.models import Account
from sessions_app.lifecycle import Status, Wanted
from sessions_app.models import Session
from sessions_app.serializers import SnapshotSerializer
from sessions_app.snapshot import SessionSnapshot
from tests.factory import make_location, make_session
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key


def test_it_creates_a_session_for_a_location(caller: Caller, account: Account) -> None:
    location = make_location(account)

    answer = caller.post("/sessions/", {"location": str(location.pk)})

    body, row = answer.json(), Session.objects.get()
    assert answer.status_code == 201
    assert (body["id"], body["location"]) == (str(row.pk), str(location.pk))
    assert (body["status"], body["reason"], body["wanted"]) == (
        "initializing",
        "starting",
        "linked",
    )
    assert row.created_by == row.wanted_by == "API key Reminders"


def test_it_creates_with_a_constant_number_of_queries(
    caller: Caller, account: Account, django_assert_num_queries: Any
) -> None:
    location = make_location(account)

    # key, location; live session, account, limits, location again; two inserts; savepoints
    with django_assert_num_queries(14):
        caller.post("/sessions/", {"location": str(location.pk)})


def test_it_names_the_session_of_a_busy_location(caller: Caller, session: Session) -> None:
    answer = caller.post("/sessions/", {"location": str(session.location_id)})

    body = assert_problem(answer, 409, "location_busy")
    assert body["session"] == str(session.pk)
    assert "unlink it first" in body["detail"]
    assert Session.objects.count() == 1


def test_it_frees_the_location_of_an_unlinked_session(caller: Caller, session: Session) -> None:
    Session.objects.update(wanted=Wanted.UNLINKED)

    assert caller.post("/sessions/", {"location": str(session.location_id)}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "location"),
        ({"location": None}, "location"),
        ({"location": ""}, "location"),
        ({"location": "Lisbon"}, "location"),
        ({"location": ["a", "b"]}, "location"),
        ({"location": {"id": 1}}, "location"),
        ({"location": True}, "location"),
        ({"location": 7}, "location"),
        ([], "body"),
        ("text", "body"),
        (None, "location"),
        (7, "body"),
    ],
)
def test_it_reports_a_wrong_location_by_field(caller: Caller, body: Any, field: str) -> None:
    problem = assert_problem(caller.post("/sessions/", body), 400, "invalid")

    assert list(problem["errors"]) == [field]
    assert all(isinstance(sentence, str) for sentence in problem["errors"][field])


def test_it_treats_foreign_locations_as_missing(caller: Caller, foreign: Session) -> None:
    theirs = caller.post("/sessions/", {"location": str(foreign.location_id)})
    nobodys = caller.post("/sessions/", {"location": str(uuid4())})

    assert assert_problem(theirs, 404, "not_found") == assert_problem(nobodys, 404, "not_found")
    assert Session.objects.count() == 1


def test_it_returns_a_session_as_its_snapshot(caller: Caller, session: Session) -> None:
    answer = caller.get(f"/sessions/{session.pk}/")

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == set(SessionSnapshot.__annotations__)
    assert (body["status"], body["reason"], body["action"]) == ("ready", "ok", "none")
    assert (body["phone_number"], body["linked"]) == (session.phone_number, True)
    assert body["sentence"] == "✅ Connected"
    assert (body["qr"], body["pairing_code"]) == (None, "")
    assert parse_datetime(body["since"]) == session.since


def test_it_documents_every_field_in_the_schema() -> None:
    assert set(SnapshotSerializer().fields) == set(SessionSnapshot.__annotations__)


def test_it_returns_a_code_uncached_with_its_picture(caller: Caller, account: Account) -> None:
    session = make_session(make_location(account), Status.QR, pairing_code="ABCD-EFGH")

    answer = caller.get(f"/sessions/{session.pk}/")

    body = answer.json()
    assert body["qr"]["text"] == session.qr_text
    assert body["qr"]["svg"].startswith("<svg ")
    assert (body["qr"]["number"], body["qr"]["of"]) == (1, 6)
    assert body["pairing_code"] == "ABCD-EFGH"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("scopes", [["read"], ["read", "send"]])
def test_it_hides_codes_from_keys_without_manage(account: Account, scopes: list[str]) -> None:
    session = make_session(make_location(account), Status.QR, pairing_code="ABCD-EFGH")
    key = Caller(make_key(account, scopes=scopes))

    answer = key.get(f"/sessions/{session.pk}/")

    body = answer.json()
    assert (body["status"], body["qr"], body["pairing_code"]) == ("qr", None, "")
    assert session.qr_text not in answer.text
    assert key.get("/sessions/").json()["results"][0]["qr"] is None


def test_it_reads_with_two_queries(
    caller: Caller, session: Session, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        caller.get(f"/sessions/{session.pk}/")


def test_it_lists_own_sessions_newest_first(
    caller: Caller, account: Account, session: Session, foreign: Session
) -> None:
    older = make_session(make_location(account), created_at=timezone.now() - timedelta(days=1))

    body = caller.get("/sessions/").json()

    assert [row["id"] for row in body["results"]] == [str(session.pk), str(older.pk)]


def test_it_lists_no_codes(caller: Caller, account: Account) -> None:
    session = make_session(make_location(account), Status.QR, pairing_code="ABCD-EFGH")

    answer = caller.get("/sessions/")

    row = answer.json()["results"][0]
    assert (row["status"], row["qr"], row["pairing_code"]) == ("qr", None, "")
    assert session.qr_text not in answer.content.decode()


def test_it_lists_any_number_with_two_queries(
    caller: Caller, account: Account, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        make_session(make_location(account, f"Location {number}"))

    with django_assert_num_queries(2):
        caller.get("/sessions/")


def test_it_filters_by_status(caller: Caller, account: Account) -> None:
    for status in Status:
        make_session(make_location(account), status)

    for status in Status:
        rows = caller.get(f"/sessions/?status={status}").json()["results"]
        assert [row["status"] for row in rows] == [status]


def test_it_filters_by_location(
    caller: Caller, account: Account, session: Session, foreign: Session
) -> None:
    make_session(make_location(account))

    def ids(location: object) -> list[str]:
        rows = caller.get(f"/sessions/?location={location}").json()["results"]
        return [row["id"] for row in rows]

    assert ids(session.location_id) == [str(session.pk)]
    assert ids(foreign.location_id) == ids(uuid4()) == []


def test_it_filters_by_time_of_change(caller: Caller, account: Account) -> None:
    now = timezone.now()
    make_session(make_location(account), since=now - timedelta(hours=2))
    changed = make_session(make_location(account), since=now)
    moment = (now - timedelta(hours=1)).isoformat()

    rows = caller.get(f"/sessions/?since={quote(moment)}").json()["results"]

    assert [row["id"] for row in rows] == [str(changed.pk)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=connected", "status"),
        ("since=1", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
        ("status=ready%00", "status"),
        ("location=Lisbon", "location"),
        ("cursor=not-base64!", "cursor"),
        ("cursor=cD0lMDA=", "cursor"),  # p=%00
        ("cursor=cD15ZXN0ZXJkYXk=", "cursor"),  # p=yesterday
        ("cursor=cj14", "cursor"),  # r=x
        ("cursor=bz0tMQ==", "cursor"),  # o=-1
        ("cursor=%D0%BA", "cursor"),
    ],
)
def test_it_reports_a_wrong_query_by_field(caller: Caller, query: str, field: str) -> None:
    problem = assert_problem(caller.get(f"/sessions/?{query}"), 400, "invalid")

    assert list(problem["errors"]) == [field]


def test_it_ignores_an_empty_filter(caller: Caller, session: Session) -> None:
    rows = caller.get("/sessions/?status=&location=&cursor=").json()["results"]

    assert [row["id"] for row in rows] == [str(session.pk)]


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(seconds=1)])
def test_it_pages_through_every_session_once(
    caller: Caller, account: Account, apart: timedelta
) -> None:
    sessions = _history(account, 120, apart)

    pages = _pages(caller, "/sessions/")

    seen = [row["id"] for page in pages for row in page["results"]]
    assert [len(page["results"]) for page in pages] == [50, 50, 20]
    assert sorted(seen) == sorted(str(session.pk) for session in sessions)


def test_it_pages_backwards_through_the_list(caller: Caller, account: Account) -> None:
    _history(account, 120, timedelta(seconds=1))
    first, second, third = _pages(caller, "/sessions/?status=initializing")

    assert caller.get(third["previous"]).json()["results"] == second["results"]
    assert caller.get(second["previous"]).json()["results"] == first["results"]
    assert first["previous"] is None


def _history(account: Account, count: int, apart: timedelta) -> list[Session]:
    location, now = make_location(account), timezone.now()
    return Session.objects.bulk_create(
        Session(
            account=account,
            location=location,
            wanted=Wanted.UNLINKED,
            created_at=now - number * apart,
        )
        for number in range(count)
    )


def _pages(caller: Caller, address: str | None) -> list[Any]:
    pages = []
    while address:
        pages.append(caller.get(address).json())
        address = pages[-1]["next"]
    return pages
