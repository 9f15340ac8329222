"""What a key may do, where, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations.models import Message
from locations.models import Account, ApiKey, Location
from sessions_app.models import Session
from tests.factory import make_location, make_message, make_session
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key

TEXT = {"to": "+351912345678", "text": "Hello"}
READS = ["/locations/", "/sessions/", "/sessions/{id}/", "/sessions/{id}/messages/"]
MANAGES = [
    ("/sessions/", {"location": "{location}"}),
    ("/sessions/{id}/restart/", None),
    ("/sessions/{id}/stop/", None),
    ("/sessions/{id}/unlink/", None),
    ("/sessions/{id}/pairing-code/", {"phone": "+351912345678"}),
]


def limited_to(account: Account, *places: Location) -> Caller:
    secret = make_key(account, is_limited=True)
    ApiKey.objects.get(key_hash=ApiKey.hash(secret)).locations.set(places)
    return Caller(secret)


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("scope", ["read", "send", "manage"])
def test_it_requires_the_scope_read_for_reading(
    account: Account, session: Session, path: str, scope: str
) -> None:
    answer = Caller(make_key(account, scopes=[scope])).get(path.format(id=session.pk))

    if scope == "read":
        assert answer.status_code == 200
    else:
        assert assert_problem(answer, 403, "scope_missing")["scope"] == "read"


@pytest.mark.parametrize("scope", ["read", "send", "manage"])
def test_it_requires_the_scope_send_for_sending(
    account: Account, session: Session, scope: str
) -> None:
    answer = Caller(make_key(account, scopes=[scope])).post(
        f"/sessions/{session.pk}/messages/", TEXT
    )

    if scope == "send":
        assert answer.status_code == 202
    else:
        assert assert_problem(answer, 403, "scope_missing")["scope"] == "send"
        assert not Message.objects.exists()


@pytest.mark.parametrize(("path", "body"), MANAGES)
def test_it_requires_the_scope_manage_for_every_other_change(
    account: Account, session: Session, path: str, body: Any
) -> None:
    before = Session.objects.values().get()
    caller = Caller(make_key(account, scopes=["read", "send"]))

    answer = caller.post(path.format(id=session.pk), body)

    assert assert_problem(answer, 403, "scope_missing")["scope"] == "manage"
    assert Session.objects.values().get() == before


def test_it_reports_a_missing_scope_for_any_session(account: Account, foreign: Session) -> None:
    caller = Caller(make_key(account, scopes=["read"]))

    assert_problem(caller.post(f"/sessions/{foreign.pk}/stop/"), 403, "scope_missing")


def test_it_permits_everything_to_a_key_without_scopes(account: Account, session: Session) -> None:
    caller = Caller(ApiKey.issue(account, "Old")[1])

    assert caller.get("/sessions/").status_code == 200
    assert caller.post(f"/sessions/{session.pk}/messages/", TEXT).status_code == 202
    assert caller.post(f"/sessions/{session.pk}/stop/").status_code == 202


def test_it_opens_nothing_for_a_key_without_a_scope(account: Account) -> None:
    assert_problem(Caller(make_key(account, scopes=[])).get("/sessions/"), 403, "scope_missing")


def test_it_shows_a_limited_key_only_its_locations(account: Account, session: Session) -> None:
    other = make_session(make_location(account, "Harbour Dental · Porto"))
    make_message(session), make_message(other)
    caller = limited_to(account, other.location)

    def ids(path: str) -> list[str]:
        return [row["id"] for row in caller.get(path).json()["results"]]

    assert ids("/locations/") == [str(other.location_id)]
    assert ids("/sessions/") == [str(other.pk)]
    assert len(ids(f"/sessions/{other.pk}/messages/")) == 1
    assert caller.post(f"/sessions/{other.pk}/messages/", TEXT).status_code == 202


@pytest.mark.parametrize(("path", "body"), [*[(path, None) for path in READS[2:]], *MANAGES[1:]])
def test_it_shows_nothing_else_to_a_limited_key(
    account: Account, session: Session, path: str, body: Any
) -> None:
    caller = limited_to(account, make_location(account, "Harbour Dental · Porto"))
    method = "GET" if path in READS else "POST"

    answer = caller.call(method, path.format(id=session.pk), body)

    assert_problem(answer, 404, "not_found")


def test_it_does_not_let_limited_keys_link_numbers_elsewhere(account: Account) -> None:
    caller = limited_to(account, make_location(account, "Harbour Dental · Porto"))
    elsewhere = make_location(account)

    answer = caller.post("/sessions/", {"location": str(elsewhere.pk)})

    assert_problem(answer, 404, "not_found")
    assert not Session.objects.exists()


def test_it_denies_access_without_any_remaining_location(
    account: Account, session: Session
) -> None:
    last = make_location(account, "Closed")
    caller = limited_to(account, last)

    last.delete()

    assert caller.get("/sessions/").json()["results"] == []
    assert_problem(caller.get(f"/sessions/{session.pk}/"), 404, "not_found")


def test_it_accepts_a_key_until_its_last_moment(account: Account) -> None:
    soon = timezone.now() + timedelta(minutes=1)

    assert Caller(make_key(account, expires_at=soon)).get("/sessions/").status_code == 200


def test_it_says_that_a_key_has_expired(account: Account) -> None:
    caller = Caller(make_key(account, expires_at=timezone.now() - timedelta(seconds=1)))

    assert_problem(caller.get("/sessions/"), 401, "key_expired")


def test_it_treats_a_revoked_expired_key_as_unknown(account: Account) -> None:
    past = timezone.now() - timedelta(seconds=1)
    caller = Caller(make_key(account, expires_at=past, revoked_at=past))

    assert_problem(caller.get("/sessions/"), 401, "key_invalid")


def test_it_accepts_both_secrets_until_the_grace_ends(account: Account) -> None:
    key, old = ApiKey.issue(account, "Reminders")

    new = key.rotate(timedelta(hours=1), timezone.now())

    assert Caller(old).get("/sessions/").status_code == 200
    assert Caller(new).get("/sessions/").status_code == 200
    ApiKey.objects.update(old_until=timezone.now())
    assert_problem(Caller(old).get("/sessions/"), 401, "key_invalid")
    assert Caller(new).get("/sessions/").status_code == 200


def test_it_ends_the_old_secret_without_a_grace(account: Account) -> None:
    key, old = ApiKey.issue(account, "Reminders")

    new = key.rotate(timedelta(0), timezone.now())

    assert_problem(Caller(old).get("/sessions/"), 401, "key_invalid")
    assert Caller(new).get("/sessions/").status_code == 200


def test_it_ends_the_old_secret_of_a_revoked_key(account: Account) -> None:
    key, old = ApiKey.issue(account, "Reminders")
    key.rotate(timedelta(hours=24), timezone.now())

    ApiKey.objects.update(revoked_at=timezone.now())

    assert_problem(Caller(old).get("/sessions/"), 401, "key_invalid")
