"""How much of which day a number was ready: the arithmetic of a timeline."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pages.uptime import (
    SessionHistory,
    StatusChange,
    UptimeDay,
    days_of,
    percent,
    share_of,
)

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
DAY = 86_400.0


def turn(days_ago: float, status: str = "ready", reason: str = "ok") -> StatusChange:
    return StatusChange(NOW - timedelta(days=days_ago), status, reason)


def life(*turns: StatusChange, was_linked: bool = False, until: datetime = NOW) -> SessionHistory:
    return SessionHistory(turns, was_linked, until)


def down(days_ago: float, reason: str = "reconnecting") -> StatusChange:
    return turn(days_ago, "initializing", reason)


def shares(days: list[UptimeDay]) -> list[float | None]:
    return [None if day.share is None else round(day.share, 4) for day in days]


def test_it_counts_ninety_days_with_today_last() -> None:
    days = days_of([life(turn(200), was_linked=True)], NOW)

    assert (len(days), days[0].day, days[-1].day) == (90, date(2026, 2, 20), date(2026, 5, 20))
    assert share_of(days) == 1


def test_it_counts_today_until_now() -> None:
    today = days_of([life(turn(200))], NOW, 1)[0]

    assert (today.ready_seconds, today.counted_seconds) == (DAY / 2, DAY / 2)


def test_it_counts_nothing_without_events() -> None:
    days = days_of([life()], NOW, 3)

    assert shares(days) == [None, None, None]
    assert share_of(days) is None


def test_it_returns_days_without_sessions() -> None:
    assert shares(days_of([], NOW, 2)) == [None, None]


def test_it_starts_with_the_status_before_the_window() -> None:
    days = days_of([life(turn(30), down(0.5 + 0.25))], NOW, 3)

    assert shares(days) == [1.0, 0.75, 0.0]


def test_it_counts_from_the_first_connection() -> None:
    days = days_of([life(turn(1.5, "qr", "scan"), turn(1.0))], NOW, 3)

    assert shares(days) == [None, 1.0, 1.0]
    assert days[1].counted_seconds == DAY / 2


def test_it_counts_no_outage_before_the_first_scan() -> None:
    days = days_of([life(turn(2, "qr", "scan"), turn(1, "disconnected", "qr_expired"))], NOW, 3)

    assert shares(days) == [None, None, None]


def test_it_counts_an_outage_until_linked_again() -> None:
    days = days_of(
        [
            life(
                turn(10),
                turn(2.5, "disconnected", "logged_out"),
                turn(2.25, "qr", "scan"),
                turn(1.5),
            )
        ],
        NOW,
        3,
    )

    assert shares(days) == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("reason", ["user_disconnect", "unlinked", "suspended_billing"])
def test_it_counts_no_outage_on_purpose(reason: str) -> None:
    days = days_of([life(turn(10), turn(1.5, "disconnected", reason))], NOW, 3)

    assert shares(days) == [1.0, None, None]


def test_it_ignores_the_gap_between_two_sessions() -> None:
    first = life(turn(10), turn(2.5, "disconnected", "unlinked"))
    second = life(turn(0.75, "qr", "scan"), turn(0.5))

    days = days_of([first, second], NOW, 4)

    assert shares(days) == [1.0, None, None, 1.0]


def test_it_counts_until_unlinking_was_requested() -> None:
    days = days_of([life(turn(10), until=NOW - timedelta(days=1.5))], NOW, 3)

    assert shares(days) == [1.0, None, None]


def test_it_counts_a_session_linked_before_the_window() -> None:
    days = days_of([life(turn(95, "disconnected", "logged_out"), was_linked=True)], NOW, 2)

    assert shares(days) == [0.0, 0.0]


def test_it_splits_days_in_utc() -> None:
    lisbon = timezone(timedelta(hours=1))
    there = [
        StatusChange(t.at.astimezone(lisbon), t.status, t.reason) for t in (turn(5), down(0.5))
    ]

    assert days_of(
        [SessionHistory(there, False, NOW.astimezone(lisbon))], NOW.astimezone(lisbon), 2
    ) == (days_of([life(turn(5), down(0.5))], NOW, 2))


@given(
    st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["ready", "initializing", "qr"]))),
    st.integers(1, 90),
)
def test_it_never_counts_more_than_a_day(story: list[tuple[float, str]], count: int) -> None:
    turns = [turn(ago, status, "ok") for ago, status in sorted(story, reverse=True)]

    for day in days_of([life(*turns)], NOW, count):
        assert 0 <= day.ready_seconds <= day.counted_seconds + 1e-3 <= DAY + 2e-3


@pytest.mark.parametrize(
    ("share", "says"),
    [(1, "100 %"), (0, "0 %"), (0.99999, "99.99 %"), (0.9, "90 %"), (0.12345, "12.34 %")],
)
def test_it_shows_100_percent_only_without_interruptions(share: float, says: str) -> None:
    assert percent(share) == says
