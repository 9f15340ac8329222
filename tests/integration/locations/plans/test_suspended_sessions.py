"""What a gateway finds of a suspended account's sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from locations.models import Account, AccountState
from locations.plans.account_state import GRACE, standing, suspended_rows
from sessions_app.gateway.ports import Change
from sessions_app.gateway.reconcile import NextStep, next_step
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import NotPossible, Session
from sessions_app.store import leases
from sessions_app.store.transitions import ChangeRequest, state_of
from tests.factory import apply_change, make_account, make_location, make_session

pytestmark = pytest.mark.django_db
FREE: dict[str, Any] = {"lease_owner": "", "lease_epoch": 0, "lease_expires_at": None}
PAUSED = {"status": Status.DISCONNECTED, "reason": Reason.SUSPENDED_BILLING}


def make_suspended(**columns: Any) -> Session:
    account = make_account(state=AccountState.SUSPENDED)
    return make_session(make_location(account), **columns)


def test_it_agrees_with_the_database_about_suspended_accounts() -> None:
    now = timezone.now()
    second = timedelta(seconds=1)
    ends: list[datetime | None] = [None, now + GRACE, now, now - GRACE + second, now - GRACE]
    for state in AccountState:
        for end in ends:
            make_account(f"{state} {end}", state=state, trial_ends_at=end)

    suspended = set(Account.objects.filter(suspended_rows(now=now)))
    others = set(Account.objects.filter(~suspended_rows(now=now)))

    expected = {
        account
        for account in Account.objects.all()
        if standing(account.state, account.trial_ends_at, now) is AccountState.SUSPENDED
    }
    assert len(expected) == len(ends) + 1
    assert suspended == expected
    assert others == set(Account.objects.all()) - expected


def test_it_learns_which_sessions_may_not_run() -> None:
    session = make_suspended(lease_owner="one")
    make_session(lease_owner="one")

    (state,) = leases.wishes("one")

    assert (state.id, state.suspended) == (session.pk, True)
    assert next_step(state, timezone.now()) is NextStep.SUSPEND


def test_it_is_told_when_a_trial_has_run_out() -> None:
    ended = timezone.now() - GRACE
    account = make_account(state=AccountState.TRIAL, trial_ends_at=ended)
    session = make_session(make_location(account), lease_owner="one")

    assert [state.id for state in leases.wishes("one")] == [session.pk]


@pytest.mark.parametrize(
    ("columns", "claimed"),
    [
        ({"status": Status.READY}, True),  # to be paused
        (PAUSED, False),
        ({**PAUSED, "wanted_attempt": 2}, False),
        ({"status": Status.DISCONNECTED, "reason": Reason.LOGGED_OUT}, False),
        ({**PAUSED, "wanted": Wanted.STOPPED}, True),
        ({**PAUSED, "wanted": Wanted.UNLINKED}, True),
    ],
)
def test_it_claims_only_necessary_work_of_suspended_accounts(
    columns: dict[str, Any], claimed: bool
) -> None:
    make_suspended(**{**FREE, **columns})

    assert bool(leases.claim("one", 10)) is claimed


def test_it_claims_paused_sessions_after_a_resume() -> None:
    session = make_suspended(**{**FREE, **PAUSED, "jid": "351911111111:1@s.whatsapp.net"})
    Account.objects.update(state=AccountState.ACTIVE)

    (state,) = leases.claim("one", 10)

    assert (state.id, state.suspended) == (session.pk, False)
    assert next_step(state, timezone.now()) is NextStep.RESUME


def test_it_records_pause_and_return_in_the_timeline() -> None:
    session = make_suspended(lease_owner="one", lease_epoch=1)

    paused = apply_change(
        "one", ChangeRequest(session.pk, 1, Change(Event.SUSPENDED), suspended=True)
    )
    Account.objects.update(state=AccountState.ACTIVE)
    back = apply_change("one", ChangeRequest(session.pk, 1, Change(Event.RESUMED)))

    assert (paused.status, paused.reason) == (Status.DISCONNECTED, Reason.SUSPENDED_BILLING)
    assert (paused.suspended, back.suspended) == (True, False)
    assert (back.status, back.reason) == (Status.INITIALIZING, Reason.RECONNECTING)
    assert back.jid == session.jid
    assert [event.event for event in session.events.order_by("version")] == ["suspended", "resumed"]


def test_it_reads_the_current_account_state_in_the_gateway() -> None:
    session = make_suspended(lease_owner="one", lease_epoch=1)

    def read() -> bool:
        return state_of(Session.objects.for_gateway().get(pk=session.pk)).suspended

    assert read()
    apply_change("one", ChangeRequest(session.pk, 1, Change(Event.SUSPENDED), suspended=True))
    assert read()
    Account.objects.update(state=AccountState.ACTIVE)
    assert not read()
    Account.objects.update(state=AccountState.TRIAL, trial_ends_at=timezone.now() - GRACE * 2)
    assert read()


def test_it_does_not_restart_sessions_of_suspended_accounts() -> None:
    session = make_suspended(**PAUSED)

    with pytest.raises(NotPossible, match="Ask your operator"):
        session.ask_restart(by="alice@example.com")

    session.refresh_from_db()
    assert session.wanted_attempt == 1
