"""When a job is due next: never twice in one interval, never forgotten, no drift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locations.jobs import DELETION_EVERY
from sessions_app.scheduler.schedule import (
    FIRST_AFTER,
    FIRST_SPREAD,
    RETRIES,
    Plan,
    after_failure,
    after_success,
    first,
    is_overdue,
    mended,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

spans = st.timedeltas(timedelta(minutes=1), timedelta(days=40))
chances = st.floats(0, 1)
# How long nothing ran before a due run, how long it took, and whether it went well.
turns = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(days=90)),
        st.timedeltas(timedelta(0), timedelta(days=2)),
        st.booleans(),
        chances,
    ),
    min_size=1,
    max_size=30,
)


@given(spans, turns)
def test_it_never_runs_well_twice_in_one_interval_and_never_forgets(
    every: timedelta, story: list[tuple[timedelta, timedelta, bool, float]]
) -> None:
    plan, ended, failures = first(NOW, 0.5), NOW, 0
    runs: list[tuple[datetime, bool]] = []
    for late, took, well, chance in story:
        started = max(plan.due_at, ended) + late
        ended = started + took
        failures = 0 if well else failures + 1
        before = plan
        if well:
            plan = after_success(plan.planned_at, started, ended, every)
        else:
            plan = after_failure(plan.planned_at, started, ended, every, failures, chance)
        runs.append((started, well))
        assert ended < plan.due_at <= max(ended, started + every / 2) + every
        assert (plan.planned_at - before.planned_at) % every == timedelta(0)

    good = [started for started, well in runs if well]
    assert all(b - a >= every / 2 for a, b in pairwise(good))
    intervals = [(started - first(NOW, 0.5).planned_at) // every for started in good]
    assert len(set(intervals)) == len(good)


@given(spans, st.integers(1, 200), st.lists(chances, min_size=200, max_size=200))
def test_it_does_not_drift_however_late_each_run_is(
    every: timedelta, count: int, lateness: list[float]
) -> None:
    plan = Plan(NOW, NOW)
    for late in lateness[:count]:
        started = plan.due_at + late * every * 0.4
        plan = after_success(plan.planned_at, started, started, every)

    assert plan.due_at == NOW + count * every


@given(spans, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_clock_that_jumps_back_repeats_nothing_and_forgets_nothing(
    every: timedelta, jump: timedelta
) -> None:
    plan = after_success(NOW, NOW, NOW, every)
    clock = NOW - jump

    due = mended(plan, clock, every).due_at

    assert due - clock >= every  # it has run just now
    assert due - clock <= 1.5 * every + FIRST_AFTER + FIRST_SPREAD


@given(spans, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_runs_that_were_missed_are_made_up_for_by_one(every: timedelta, away: timedelta) -> None:
    plan = Plan(NOW, NOW)
    started = NOW + away

    plan = after_success(plan.planned_at, started, started, every)

    assert started + every / 2 < plan.due_at <= started + 1.5 * every


@pytest.mark.parametrize(("failures", "wait"), list(enumerate(RETRIES, 1)))
def test_it_tries_again_soon_after_a_failure(failures: int, wait: timedelta) -> None:
    ended = NOW + MINUTE

    soonest = after_failure(NOW, NOW, ended, DAY, failures, 0)
    latest = after_failure(NOW, NOW, ended, DAY, failures, 1)

    assert soonest == Plan(NOW, ended + wait)
    assert latest == Plan(NOW, ended + wait * 1.1)


def test_it_goes_back_to_its_rhythm_when_trying_again_does_not_help() -> None:
    assert after_failure(NOW, NOW, NOW + MINUTE, DAY, 4, 0) == Plan(NOW + DAY, NOW + DAY)


def test_a_failure_is_never_tried_later_than_the_rhythm_asks() -> None:
    assert after_failure(NOW, NOW, NOW, 2 * MINUTE, 3, 1) == Plan(
        NOW + 2 * MINUTE, NOW + 2 * MINUTE
    )


def test_a_run_that_was_tried_again_does_not_move_the_rhythm() -> None:
    retried = after_failure(NOW, NOW, NOW, DAY, 1, 0)

    plan = after_success(retried.planned_at, retried.due_at, retried.due_at, DAY)

    assert plan.due_at == NOW + DAY


def test_one_that_was_run_by_hand_shortly_before_skips_its_next_point() -> None:
    by_hand = NOW - timedelta(minutes=5)

    assert after_success(NOW, by_hand, by_hand, DAY).due_at == NOW + DAY


def test_it_comes_round_sooner_when_a_release_says_so() -> None:
    plan = Plan(NOW + 29 * DAY, NOW + 29 * DAY)

    assert mended(plan, NOW, DAY).due_at == NOW + DAY
    assert mended(plan, NOW, 30 * DAY) == plan


def test_first_runs_are_spread_and_wait_for_the_start_to_be_over() -> None:
    assert first(NOW, 0).due_at == NOW + FIRST_AFTER
    assert first(NOW, 1).due_at == NOW + FIRST_AFTER + FIRST_SPREAD
    assert first(NOW, 1, timedelta(seconds=3)).due_at == NOW + timedelta(seconds=3)


@pytest.mark.parametrize(
    ("late", "overdue"), [(HOUR, False), (HOUR + MINUTE, True), (-HOUR, False)]
)
def test_it_is_overdue_when_it_is_late_by_more_than_an_interval(
    late: timedelta, overdue: bool
) -> None:
    assert is_overdue(NOW, NOW + late, HOUR) is overdue


@pytest.mark.parametrize(("late", "overdue"), [(59, False), (61, True)])
def test_it_is_not_overdue_within_a_minute(late: int, overdue: bool) -> None:
    assert is_overdue(NOW, NOW + timedelta(seconds=late), timedelta(seconds=3)) is overdue


@pytest.mark.parametrize("tenths", range(50))
def test_the_deletion_of_accounts_is_due_on_every_poll(tenths: int) -> None:
    poll, run = timedelta(seconds=5), timedelta(milliseconds=50)
    planned = NOW - timedelta(seconds=tenths / 10)

    assert after_success(planned, NOW, NOW + run, DELETION_EVERY).due_at <= NOW + poll
