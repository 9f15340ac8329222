"""Two gateways, or two writers, work on one session in concurrent transactions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.gateway.ports import Change, LeaseLost
from sessions_app.lifecycle import Event, Status
from sessions_app.models import Session, SessionEvent
from sessions_app.store import leases
from sessions_app.store.transitions import ChangeRequest, apply_unowned_change
from tests.factory import apply_change, make_account, make_location, make_session
from tests.integration.at_once import meet, only_on_postgresql

pytestmark = [pytest.mark.django_db(transaction=True), only_on_postgresql]
FREE: dict[str, Any] = {"lease_owner": "", "lease_epoch": 0, "lease_expires_at": None}


def _free_sessions(count: int) -> set[Any]:
    account = make_account()
    return {
        make_session(make_location(account, f"Place {number}"), **FREE).pk
        for number in range(count)
    }


def _moves(session: Session) -> list[tuple[int, str]]:
    rows = SessionEvent.objects.filter(session=session).order_by("version", "pk")
    return list(rows.values_list("version", "event"))


def test_it_gives_concurrent_gateways_different_sessions() -> None:
    sessions = _free_sessions(8)
    claimed: dict[str, set[Any]] = {}

    def claim(owner: str) -> None:
        claimed[owner] = {state.id for state in leases.claim(owner, 4)}

    meet(lambda: claim("one"), lambda: claim("two"))

    assert [len(claimed["one"]), len(claimed["two"])] == [4, 4]
    assert claimed["one"] | claimed["two"] == sessions
    for owner, ids in claimed.items():
        assert leases.renew(owner) == ids
    assert set(Session.objects.values_list("lease_epoch", flat=True)) == {1}


def test_it_gives_one_session_to_one_gateway() -> None:
    (only,) = _free_sessions(1)

    second = meet(lambda: leases.claim("one", 4), lambda: leases.claim("two", 4))

    assert second == []
    assert leases.renew("one") == {only}


def test_it_writes_concurrent_changes_one_after_another() -> None:
    session = make_session()

    meet(
        lambda: apply_change("test", ChangeRequest(session.pk, 1, Change(Event.DROPPED))),
        lambda: apply_change("test", ChangeRequest(session.pk, 1, Change(Event.CONNECTED))),
    )

    session.refresh_from_db()
    assert (session.status, session.version) == (Status.READY, 3)
    assert _moves(session) == [(2, Event.DROPPED), (3, Event.CONNECTED)]


def test_it_fences_a_writer_during_the_takeover() -> None:
    session = make_session(lease_expires_at=timezone.now() - timedelta(seconds=1))
    late = ChangeRequest(session.pk, 1, Change(Event.DROPPED, detail="late"))

    with pytest.raises(LeaseLost):
        meet(lambda: leases.claim("two", 4), lambda: apply_change("test", late))

    session.refresh_from_db()
    assert (session.status, session.lease_owner, session.lease_epoch) == (Status.READY, "two", 2)
    assert _moves(session) == []


def test_it_leaves_a_session_that_changed_meanwhile() -> None:
    session = make_session()

    cleaned = meet(
        lambda: apply_change("test", ChangeRequest(session.pk, 1, Change(Event.DROPPED))),
        lambda: apply_unowned_change(session.pk, session.version, Change(Event.LOGGED_OUT)),
    )

    session.refresh_from_db()
    assert cleaned is False
    assert session.status == Status.INITIALIZING
    assert [event for _, event in _moves(session)] == [Event.DROPPED]
