"""Locations over the API, and the problems above the limits."""

from __future__ import annotations

import uuid

import pytest

from locations.models import Account, AccountState, AuditEvent, Location
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_plan, make_session
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def small() -> Account:
    plan = make_plan("Small", max_locations=2, max_sessions=1)
    return make_account("Small Ltd", plan=plan)


@pytest.fixture
def program(small: Account) -> Caller:
    return Caller(make_key(small))


def test_it_adds_reads_and_deletes_a_location(program: Caller) -> None:
    made = program.post("/locations/", {"name": " Porto ", "ghl_id": "abc-1"})

    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["name"], body["ghl_id"]) == ("Porto", "abc-1")
    assert program.get(f"/locations/{body['id']}/").json() == body
    gone = program.call("DELETE", f"/locations/{body['id']}/")
    assert (gone.status_code, gone.content) == (204, b"")
    assert_problem(program.get(f"/locations/{body['id']}/"), 404, "not_found")
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", "actor"))
    assert verbs == [
        ("location_added", "API key Reminders"),
        ("location_deleted", "API key Reminders"),
    ]


def test_it_refuses_a_location_over_the_limit(program: Caller, small: Account) -> None:
    for name in "AB":
        make_location(small, name)

    body = assert_problem(program.post("/locations/", {"name": "C"}), 402, "over_limit")

    assert (body["resource"], body["limit"], body["used"]) == ("locations", 2, 2)
    assert Location.objects.count() == 2


def test_it_refuses_a_session_over_the_limit(program: Caller, small: Account) -> None:
    make_session(make_location(small, "A"))
    free = make_location(small, "B")

    body = assert_problem(program.post("/sessions/", {"location": str(free.pk)}), 402, "over_limit")

    assert (body["resource"], body["limit"], body["used"]) == ("sessions", 1, 1)
    assert Session.objects.count() == 1


def test_it_reads_but_adds_nothing_in_a_suspended_account(program: Caller, small: Account) -> None:
    location = make_location(small, "A")
    Account.objects.filter(pk=small.pk).update(state=AccountState.SUSPENDED)

    for path, body in (
        ("/locations/", {"name": "B"}),
        ("/sessions/", {"location": str(location.pk)}),
    ):
        told = assert_problem(program.post(path, body), 402, "account_suspended")
        assert "limit" not in told or told["limit"] is not None
    assert len(program.get("/locations/").json()["results"]) == 1


def test_it_keeps_a_location_with_a_number(program: Caller, small: Account) -> None:
    session = make_session(make_location(small, "A"))

    answer = program.call("DELETE", f"/locations/{session.location_id}/")

    assert_problem(answer, 409, "location_busy")
    assert Location.objects.count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 7 * "\u200b"}, {"name": "A", "ghl_id": "a b"}, {"name": []}]
)
def test_it_names_the_fields_that_are_wrong(program: Caller, body: dict[str, object]) -> None:
    told = assert_problem(program.post("/locations/", body), 400, "invalid")

    assert set(told["errors"]) <= {"name", "ghl_id"}
    assert not Location.objects.exists()


def test_it_reveals_no_other_account_by_its_ghl_id(program: Caller) -> None:
    other = make_location(make_account("Elsewhere"), "Elsewhere")
    Location.objects.filter(pk=other.pk).update(ghl_id="taken")

    told = assert_problem(
        program.post("/locations/", {"name": "A", "ghl_id": "taken"}), 400, "invalid"
    )

    assert "Elsewhere" not in str(told)
    assert list(told["errors"]) == ["ghl_id"]


def test_it_answers_as_if_foreign_locations_did_not_exist(program: Caller) -> None:
    other = make_location(make_account("Elsewhere"))

    for pk in (other.pk, uuid.uuid4()):
        assert_problem(program.call("DELETE", f"/locations/{pk}/"), 404, "not_found")
    assert Location.objects.filter(pk=other.pk).exists()
