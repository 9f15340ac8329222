from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locations.models import AccountState
from locations.plans.account_state import GRACE, ends_soon, standing
from locations.plans.limits import Limits, Resource, Usage, verdict

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def limits(most: int | None) -> Limits:
    return Limits(locations=most, sessions=most, members=most, api_calls_a_minute=most)


def usage(much: int) -> Usage:
    return Usage(locations=much, sessions=much, members=much)


COUNTED = [Resource.LOCATIONS, Resource.SESSIONS, Resource.MEMBERS]


@pytest.mark.parametrize("resource", COUNTED)
def test_it_allows_the_limit_but_not_more(resource: Resource) -> None:
    assert verdict(resource, limits(3), usage(2), 1, runs=True) is None

    refusal = verdict(resource, limits(3), usage(3), 1, runs=True)

    assert refusal is not None
    assert (refusal.resource, refusal.limit, refusal.used) == (resource, 3, 3)
    assert refusal.code == "over_limit"


@given(st.sampled_from(COUNTED), st.integers(0, 50), st.integers(0, 50), st.integers(1, 50))
def test_it_refuses_exactly_what_does_not_fit(
    resource: Resource, most: int, used: int, adding: int
) -> None:
    refused = verdict(resource, limits(most), usage(used), adding, runs=True) is not None

    assert refused == (used + adding > most)


@pytest.mark.parametrize("resource", list(Resource))
def test_it_refuses_nothing_where_there_is_no_limit(resource: Resource) -> None:
    assert verdict(resource, limits(None), usage(1_000_000), 1_000, runs=True) is None


@pytest.mark.parametrize("resource", COUNTED)
@pytest.mark.parametrize(("most", "words"), [(1, "allows 1 "), (7, "allows 7 ")])
def test_it_says_the_limit_and_what_to_do(resource: Resource, most: int, words: str) -> None:
    refusal = verdict(resource, limits(most), usage(most), 1, runs=True)

    assert words in str(refusal)
    assert "sk your operator for a larger plan." in str(refusal)


@pytest.mark.parametrize("resource", list(Resource))
def test_it_adds_nothing_in_a_suspended_account(resource: Resource) -> None:
    refusal = verdict(resource, limits(None), usage(0), 1, runs=False)

    assert refusal is not None
    assert refusal.code == "account_suspended"
    assert "Ask your operator" in str(refusal)


@pytest.mark.parametrize(
    ("after_its_end", "stands"),
    [
        (-SECOND, AccountState.TRIAL),
        (timedelta(0), AccountState.PAST_DUE),
        (GRACE - SECOND, AccountState.PAST_DUE),
        (GRACE, AccountState.SUSPENDED),
        (timedelta(days=400), AccountState.SUSPENDED),
    ],
)
def test_it_suspends_an_ended_trial_after_the_grace(
    after_its_end: timedelta, stands: AccountState
) -> None:
    assert standing(AccountState.TRIAL, NOON, NOON + after_its_end) is stands


@pytest.mark.parametrize(
    "state", [AccountState.ACTIVE, AccountState.PAST_DUE, AccountState.SUSPENDED]
)
def test_it_keeps_the_state_an_operator_set(state: AccountState) -> None:
    assert standing(state, NOON, NOON + timedelta(days=400)) is state
    assert standing(state, None, NOON) is state


def test_it_continues_a_trial_without_an_end() -> None:
    assert standing(AccountState.TRIAL, None, NOON) is AccountState.TRIAL
    assert not ends_soon(AccountState.TRIAL, None, NOON)


@pytest.mark.parametrize(
    ("left", "soon"),
    [
        (timedelta(days=3, seconds=1), False),
        (timedelta(days=3), True),
        (SECOND, True),
        (timedelta(0), False),  # it has ended: another sentence
    ],
)
def test_it_ends_a_trial_soon_in_its_last_days(left: timedelta, soon: bool) -> None:
    assert ends_soon(AccountState.TRIAL, NOON + left, NOON) is soon
