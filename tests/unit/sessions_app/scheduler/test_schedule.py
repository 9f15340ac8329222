"""When a job is due next: once per interval, without drift."""

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
    Schedule,
    after_failure,
    after_success,
    corrected,
    first,
    is_overdue,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

spans = st.timedeltas(timedelta(minutes=1), timedelta(days=40))
chances = st.floats(0, 1)
# How late a due run started, how long it took, and whether it succeeded.
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
def test_it_succeeds_at_most_once_per_interval(
    every: timedelta, story: list[tuple[timedelta, timedelta, bool, float]]
) -> None:
    schedule, ended, failures = first(NOW, 0.5), NOW, 0
    runs: list[tuple[datetime, bool]] = []
    for late, took, ok, chance in story:
        started = max(schedule.due_at, ended) + late
        ended = started + took
        failures = 0 if ok else failures + 1
        before = schedule
        if ok:
            schedule = after_success(schedule.planned_at, started, ended, every)
        else:
            schedule = after_failure(schedule.planned_at, started, ended, every, failures, chance)
        runs.append((started, ok))
        assert ended < schedule.due_at <= max(ended, started + every / 2) + every
        assert (schedule.planned_at - before.planned_at) % every == timedelta(0)

    good = [started for started, ok in runs if ok]
    assert all(b - a >= every / 2 for a, b in pairwise(good))
    intervals = [(started - first(NOW, 0.5).planned_at) // every for started in good]
    assert len(set(intervals)) == len(good)


@given(spans, st.integers(1, 200), st.lists(chances, min_size=200, max_size=200))
def test_it_does_not_drift_after_late_runs(
    every: timedelta, count: int, lateness: list[float]
) -> None:
    schedule = Schedule(NOW, NOW)
    for late in lateness[:count]:
        started = schedule.due_at + late * every * 0.4
        schedule = after_success(schedule.planned_at, started, started, every)

    assert schedule.due_at == NOW + count * every


@given(spans, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_it_neither_repeats_nor_skips_runs_after_clock_changes(
    every: timedelta, jump: timedelta
) -> None:
    schedule = after_success(NOW, NOW, NOW, every)
    clock = NOW - jump

    due = corrected(schedule, clock, every).due_at

    assert due - clock >= every  # it has run just now
    assert due - clock <= 1.5 * every + FIRST_AFTER + FIRST_SPREAD


@given(spans, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_it_makes_up_for_missed_runs_with_one(every: timedelta, away: timedelta) -> None:
    schedule = Schedule(NOW, NOW)
    started = NOW + away

    schedule = after_success(schedule.planned_at, started, started, every)

    assert started + every / 2 < schedule.due_at <= started + 1.5 * every


@pytest.mark.parametrize(("failures", "wait"), list(enumerate(RETRIES, 1)))
def test_it_retries_soon_after_a_failure(failures: int, wait: timedelta) -> None:
    ended = NOW + MINUTE

    soonest = after_failure(NOW, NOW, ended, DAY, failures, 0)
    latest = after_failure(NOW, NOW, ended, DAY, failures, 1)

    assert soonest == Schedule(NOW, ended + wait)
    assert latest == Schedule(NOW, ended + wait * 1.1)


def test_it_returns_to_planned_runs_after_the_last_retry() -> None:
    assert after_failure(NOW, NOW, NOW + MINUTE, DAY, 4, 0) == Schedule(NOW + DAY, NOW + DAY)


def test_it_retries_no_later_than_the_planned_run() -> None:
    assert after_failure(NOW, NOW, NOW, 2 * MINUTE, 3, 1) == Schedule(
        NOW + 2 * MINUTE, NOW + 2 * MINUTE
    )


def test_it_does_not_move_planned_runs_for_a_retry() -> None:
    retried = after_failure(NOW, NOW, NOW, DAY, 1, 0)

    schedule = after_success(retried.planned_at, retried.due_at, retried.due_at, DAY)

    assert schedule.due_at == NOW + DAY


def test_it_lets_a_manual_run_replace_the_next_one() -> None:
    by_hand = NOW - timedelta(minutes=5)

    assert after_success(NOW, by_hand, by_hand, DAY).due_at == NOW + DAY


def test_it_applies_a_shorter_interval_at_once() -> None:
    schedule = Schedule(NOW + 29 * DAY, NOW + 29 * DAY)

    assert corrected(schedule, NOW, DAY).due_at == NOW + DAY
    assert corrected(schedule, NOW, 30 * DAY) == schedule


def test_it_spreads_first_runs_over_minutes() -> None:
    assert first(NOW, 0).due_at == NOW + FIRST_AFTER
    assert first(NOW, 1).due_at == NOW + FIRST_AFTER + FIRST_SPREAD
    assert first(NOW, 1, timedelta(seconds=3)).due_at == NOW + timedelta(seconds=3)


@pytest.mark.parametrize(
    ("late", "overdue"), [(HOUR, False), (HOUR + MINUTE, True), (-HOUR, False)]
)
def test_it_is_overdue_after_more_than_one_interval(late: timedelta, overdue: bool) -> None:
    assert is_overdue(NOW, NOW + late, HOUR) is overdue


@pytest.mark.parametrize(("late", "overdue"), [(119, False), (121, True)])
def test_it_is_not_overdue_within_two_minutes(late: int, overdue: bool) -> None:
    assert is_overdue(NOW, NOW + timedelta(seconds=late), timedelta(seconds=3)) is overdue


@pytest.mark.parametrize("late", range(15))
def test_it_deletes_accounts_every_few_seconds(late: int) -> None:
    run = timedelta(milliseconds=50)
    planned = NOW - timedelta(seconds=late)

    due = after_success(planned, NOW, NOW + run, DELETION_EVERY).due_at
    assert NOW < due <= NOW + timedelta(seconds=22.5)
