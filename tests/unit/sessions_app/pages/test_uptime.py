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


def test_today_counts_until_now() -> None:
    today = days_of([life(turn(200))], NOW, 1)[0]

    assert (today.ready_seconds, today.counted_seconds) == (DAY / 2, DAY / 2)


def test_without_events_nothing_counts() -> None:
    days = days_of([life()], NOW, 3)

    assert shares(days) == [None, None, None]
    assert share_of(days) is None


def test_a_location_without_sessions_has_days_all_the_same() -> None:
    assert shares(days_of([], NOW, 2)) == [None, None]


def test_an_event_before_the_window_says_how_it_began() -> None:
    days = days_of([life(turn(30), down(0.5 + 0.25))], NOW, 3)

    assert shares(days) == [1.0, 0.75, 0.0]


def test_a_young_session_counts_from_its_first_connection() -> None:
    days = days_of([life(turn(1.5, "qr", "scan"), turn(1.0))], NOW, 3)

    assert shares(days) == [None, 1.0, 1.0]
    assert days[1].counted_seconds == DAY / 2


def test_waiting_for_the_first_scan_is_no_outage() -> None:
    days = days_of([life(turn(2, "qr", "scan"), turn(1, "disconnected", "qr_expired"))], NOW, 3)

    assert shares(days) == [None, None, None]


def test_a_link_removed_on_the_phone_is_an_outage_until_it_is_linked_anew() -> None:
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
def test_what_somebody_wanted_is_no_outage(reason: str) -> None:
    days = days_of([life(turn(10), turn(1.5, "disconnected", reason))], NOW, 3)

    assert shares(days) == [1.0, None, None]


def test_the_gap_between_two_links_of_a_location_does_not_count() -> None:
    first = life(turn(10), turn(2.5, "disconnected", "unlinked"))
    second = life(turn(0.75, "qr", "scan"), turn(0.5))

    days = days_of([first, second], NOW, 4)

    assert shares(days) == [1.0, None, None, 1.0]


def test_an_unlinked_session_counts_until_that_was_asked_for() -> None:
    days = days_of([life(turn(10), until=NOW - timedelta(days=1.5))], NOW, 3)

    assert shares(days) == [1.0, None, None]


def test_one_that_was_linked_before_the_window_is_down_from_its_start() -> None:
    days = days_of([life(turn(95, "disconnected", "logged_out"), was_linked=True)], NOW, 2)

    assert shares(days) == [0.0, 0.0]


def test_days_are_those_of_utc_whatever_the_clock_says() -> None:
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
def test_no_day_has_more_than_it_can(story: list[tuple[float, str]], count: int) -> None:
    turns = [turn(ago, status, "ok") for ago, status in sorted(story, reverse=True)]

    for day in days_of([life(*turns)], NOW, count):
        assert 0 <= day.ready_seconds <= day.counted_seconds + 1e-3 <= DAY + 2e-3


@pytest.mark.parametrize(
    ("share", "says"),
    [(1, "100 %"), (0, "0 %"), (0.99999, "99.99 %"), (0.9, "90 %"), (0.12345, "12.34 %")],
)
def test_a_hundred_percent_means_not_a_second_away(share: float, says: str) -> None:
    assert percent(share) == says
