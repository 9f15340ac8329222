"""Leases: each session has one owner at a time, by the database's clock."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.gateway.ports import Change, LeaseLost
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import Gateway, Session, SessionEvent
from sessions_app.store import leases
from sessions_app.store.gateway_owner import is_of_space, new_owner, process_space
from sessions_app.store.transitions import ChangeRequest
from tests.factory import apply_change, make_account, make_location, make_session

pytestmark = pytest.mark.django_db
FREE: dict[str, Any] = {"lease_owner": "", "lease_epoch": 0, "lease_expires_at": None}


def test_it_claims_what_nobody_runs_and_counts_the_epoch() -> None:
    session = make_session(status=Status.INITIALIZING, **FREE)

    (state,) = leases.claim("one", 10)

    session.refresh_from_db()
    assert (state.id, state.lease_epoch) == (session.pk, 1)
    assert session.lease_owner == "one"
    assert session.lease_expires_at is not None
    assert session.lease_expires_at > timezone.now() + timedelta(seconds=20)


def test_it_never_gives_one_session_to_two_gateways() -> None:
    account = make_account()
    for number in range(6):
        make_session(make_location(account, f"Place {number}"), **FREE)

    first = {state.id for state in leases.claim("one", 4)}
    second = {state.id for state in leases.claim("two", 10)}

    assert (len(first), len(second)) == (4, 2)
    assert not first & second


def test_it_takes_over_expired_leases_and_fences_the_owner() -> None:
    session = make_session(
        status=Status.READY,
        lease_owner="one",
        lease_epoch=3,
        lease_expires_at=timezone.now() - timedelta(seconds=1),
    )

    (state,) = leases.claim("two", 10)

    assert state.lease_epoch == 4
    with pytest.raises(LeaseLost):
        apply_change("one", ChangeRequest(session.pk, 3, Change(Event.DROPPED)))
    assert leases.renew("one") == set()


@pytest.mark.parametrize(
    ("columns", "claimed"),
    [
        ({"status": Status.READY}, True),
        ({"status": Status.DISCONNECTED, "reason": Reason.QR_EXPIRED}, False),
        ({"status": Status.DISCONNECTED, "wanted_attempt": 2, "attempt": 1}, True),
        ({"status": Status.DISCONNECTED, "next_retry_at": timezone.now()}, True),
        ({"status": Status.READY, "wanted": Wanted.STOPPED}, True),
        (
            {
                "status": Status.DISCONNECTED,
                "wanted": Wanted.STOPPED,
                "reason": Reason.USER_DISCONNECT,
            },
            False,
        ),
        ({"status": Status.DISCONNECTED, "wanted": Wanted.UNLINKED}, True),
        (
            {
                "status": Status.DISCONNECTED,
                "wanted": Wanted.UNLINKED,
                "reason": Reason.UNLINKED,
            },
            False,
        ),
    ],
)
def test_it_claims_what_has_work_and_leaves_what_rests(
    columns: dict[str, Any], claimed: bool
) -> None:
    make_session(**{**FREE, **columns})

    assert bool(leases.claim("one", 10)) is claimed


def test_it_renews_all_of_its_leases_and_no_others() -> None:
    account = make_account()
    mine = make_session(make_location(account, "A"), lease_owner="one")
    other = make_session(make_location(account, "B"), lease_owner="two")
    soon = timezone.now() + timedelta(seconds=5)
    Session.objects.update(lease_expires_at=soon)

    assert leases.renew("one") == {mine.pk}

    mine.refresh_from_db()
    other.refresh_from_db()
    assert mine.lease_expires_at is not None
    assert mine.lease_expires_at > soon
    assert other.lease_expires_at == soon


def test_it_gives_leases_back_for_somebody_else_at_once() -> None:
    session = make_session(**FREE)
    leases.claim("one", 10)

    leases.release("one", [session.pk])

    assert [state.id for state in leases.claim("two", 10)] == [session.pk]


NO_PROCESS = 2**22 + 1  # above Linux's highest pid


def _gateway(owner: str, pid: int, host: str = "here") -> Session:
    now = timezone.now()
    Gateway.objects.create(owner=owner, pid=pid, host=host, started_at=now, heartbeat_at=now)
    return make_session(make_location(name=owner), lease_owner=owner)


def test_it_takes_over_at_once_from_a_dead_process() -> None:
    dead = _gateway(new_owner("space", "here"), NO_PROCESS)
    _gateway(new_owner("space", "here"), os.getpid())

    assert leases.expire_leases_of_the_dead("space") == 1
    assert [state.id for state in leases.claim("new", 10)] == [dead.pk]


def test_it_leaves_gateways_with_an_equal_host_name() -> None:
    _gateway(new_owner("another space", "here"), NO_PROCESS)

    assert leases.expire_leases_of_the_dead("space") == 0
    assert leases.claim("new", 10) == []


def test_it_releases_only_leases_it_still_holds() -> None:
    session = make_session(**FREE)
    leases.claim("one", 10)
    Session.objects.update(lease_owner="two")  # taken over meanwhile

    leases.release("one", [session.pk])

    session.refresh_from_db()
    assert session.lease_owner == "two"
    assert leases.renew("two") == {session.pk}


def test_it_names_owners_uniquely_within_one_process_space() -> None:
    space = process_space()
    names = {new_owner(space, "a long host name" * 20) for _ in range(100)}

    assert process_space() == space
    assert len(names) == 100
    assert max(map(len, names)) <= 120
    assert all(is_of_space(name, space) for name in names)


def test_it_names_the_wishes_that_are_not_carried_out() -> None:
    account = make_account()
    asked = make_session(make_location(account, "A"), lease_owner="one")
    make_session(make_location(account, "B"), lease_owner="one")
    asked.ask_restart(by="alice@example.com")

    assert [state.id for state in leases.wishes("one")] == [asked.pk]


def test_it_reads_recent_bans_with_a_claim() -> None:
    session = make_session()
    retry_at = timezone.now()
    for actor, detail in (("WhatsApp", "old"), ("gateway", "delayed"), ("WhatsApp", "new")):
        ban = Change(Event.TEMP_BAN, actor, detail, retry_at=retry_at)
        apply_change("test", ChangeRequest(session.pk, 1, ban))
    old, _delayed, new = SessionEvent.objects.order_by("version")
    SessionEvent.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=8))
    leases.release("test", [session.pk])

    (state,) = leases.claim("two", 10)

    assert state.banned_at == (new.at,)
