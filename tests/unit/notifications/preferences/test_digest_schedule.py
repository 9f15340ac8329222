"""When the daily summary is due: once per local day, at the chosen hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text.dates import zone_of
from core.text.timezones import is_zone, zones_by_region
from notifications.models import MailHabits
from notifications.models.preference import USUAL_HOUR
from notifications.preferences.actions import turn_of
from notifications.preferences.digest_schedule import DigestTurn, next_turn

ZONES = [
    "UTC",
    "Europe/Lisbon",
    "America/Sao_Paulo",
    "America/Nuuk",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
]


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("zone", "now", "hour", "day", "at"),
    [
        # An ordinary day, before and at its hour.
        ("Europe/Lisbon", _utc(2026, 7, 1, 6, 59), 8, date(2026, 7, 1), _utc(2026, 7, 1, 7)),
        ("Europe/Lisbon", _utc(2026, 7, 1, 7), 8, date(2026, 7, 2), _utc(2026, 7, 2, 7)),
        # 1:00 to 2:00 is skipped: the next existing minute.
        ("Europe/Lisbon", _utc(2026, 3, 28, 12), 1, date(2026, 3, 29), _utc(2026, 3, 29, 1)),
        # 1:00 to 2:00 occurs twice: the first time only.
        ("Europe/Lisbon", _utc(2026, 10, 24, 12), 1, date(2026, 10, 25), _utc(2026, 10, 25, 0)),
        ("Europe/Lisbon", _utc(2026, 10, 25, 0, 30), 1, date(2026, 10, 26), _utc(2026, 10, 26, 1)),
        # The day began at 1:00.
        ("America/Sao_Paulo", _utc(2018, 11, 3, 12), 0, date(2018, 11, 4), _utc(2018, 11, 4, 3)),
        # The last hour of Saturday occurred twice.
        ("America/Sao_Paulo", _utc(2018, 2, 17, 12), 23, date(2018, 2, 17), _utc(2018, 2, 18, 1)),
        (
            "America/Sao_Paulo",
            _utc(2018, 2, 18, 1, 30),
            23,
            date(2018, 2, 18),
            _utc(2018, 2, 19, 2),
        ),
        # Half an hour is skipped, or occurs twice: 2:00 is 2:30, and the first of two 1:30s.
        ("Australia/Lord_Howe", _utc(2026, 10, 3), 2, date(2026, 10, 4), _utc(2026, 10, 3, 15, 30)),
        ("Australia/Lord_Howe", _utc(2026, 4, 4), 1, date(2026, 4, 5), _utc(2026, 4, 4, 14)),
        # The easternmost time zone.
        ("Pacific/Kiritimati", _utc(2026, 1, 1, 9), 0, date(2026, 1, 2), _utc(2026, 1, 1, 10)),
        # 30 December 2011 was skipped.
        ("Pacific/Apia", _utc(2011, 12, 29, 23), 8, date(2011, 12, 31), _utc(2011, 12, 30, 18)),
        # The last hour of the day is skipped: midnight, but still the summary of that day.
        (
            "America/Scoresbysund",
            _utc(2025, 3, 29, 12),
            23,
            date(2025, 3, 29),
            _utc(2025, 3, 30, 1),
        ),
    ],
)
def test_it_finds_the_hour_across_clock_changes(
    zone: str, now: datetime, hour: int, day: date, at: datetime
) -> None:
    assert next_turn(now, ZoneInfo(zone), hour) == DigestTurn(day, at)


minutes = st.integers(0, 30 * 365 * 24 * 60)
moments = minutes.map(lambda count: _utc(2005, 1, 1) + timedelta(minutes=count))
zones, hours = st.sampled_from(ZONES).map(ZoneInfo), st.integers(0, 23)


@settings(max_examples=60)
@given(now=moments, zone=zones, hour=hours)
def test_it_has_one_turn_for_each_local_day(now: datetime, zone: ZoneInfo, hour: int) -> None:
    turn = next_turn(now, zone, hour)

    for _ in range(200):  # more than half a year, so the clocks change
        following = next_turn(turn.at, zone, hour)
        assert following.at > turn.at
        assert following.day == turn.day + timedelta(days=1) or _was_skipped(turn.day, zone)
        assert following == next_turn(turn.at, zone, hour, after=turn.day)
        turn = following


def _was_skipped(day: date, zone: ZoneInfo) -> bool:
    return (zone.key, day) == ("Pacific/Apia", date(2011, 12, 29))


@given(now=moments, zones=st.lists(zones, min_size=1), hours=st.lists(hours, min_size=1))
def test_it_has_no_second_turn_after_changes(
    now: datetime, zones: list[ZoneInfo], hours: list[int]
) -> None:
    days: list[date] = []
    for zone, hour in zip(zones, hours, strict=False):
        turn = next_turn(now, zone, hour, after=days[-1] if days else None)
        assert turn.at > now
        days.append(turn.day)
        now = turn.at

    assert days == sorted(set(days))


@given(now=moments, zone=zones, hour=hours)
def test_it_is_due_within_two_days(now: datetime, zone: ZoneInfo, hour: int) -> None:
    assert next_turn(now, zone, hour).at - now <= timedelta(days=2)


@pytest.mark.parametrize(
    "name", ["Mars/Base", "", "Europe", "../etc/passwd", "Europe/Lisbon\0", "A" * 9999]
)
def test_it_treats_unknown_time_zones_as_utc(name: str) -> None:
    assert not is_zone(name)
    assert zone_of(name) is UTC


def test_it_offers_named_zones_without_offsets() -> None:
    offered = {region: dict(places) for region, places in zones_by_region()}

    assert offered["America"]["America/Argentina/Buenos_Aires"] == "Argentina · Buenos Aires"
    assert offered["UTC"] == {"UTC": "UTC"}
    assert "Etc" not in offered
    assert all(is_zone(name) for places in offered.values() for name in places)


def test_it_has_a_turn_despite_broken_habits(caplog: pytest.LogCaptureFixture) -> None:
    now = datetime(2026, 6, 1, 9, tzinfo=UTC)

    assert turn_of(MailHabits(digest_hour=24), now) == next_turn(now, UTC, USUAL_HOUR)
    assert "are broken" in caplog.text
