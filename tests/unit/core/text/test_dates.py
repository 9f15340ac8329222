"""Dates and times in mails."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from core.text.dates import day, lasted, moment, short, zone_label

AT = datetime(2026, 7, 3, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("UTC", "3 July 2026, 23:30 (UTC)"),
        ("Europe/Lisbon", "4 July 2026, 00:30 (Lisbon time)"),
        ("America/Sao_Paulo", "3 July 2026, 20:30 (Sao Paulo time)"),
        ("America/Argentina/Buenos_Aires", "3 July 2026, 20:30 (Buenos Aires time)"),
        ("Etc/GMT+5", "3 July 2026, 18:30 (GMT+5)"),
    ],
)
def test_it_names_the_zone(zone: str, written: str) -> None:
    assert moment(AT, zone) == written


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Europe", "../../etc/passwd", "a\x00b", "/"])
def test_it_uses_utc_for_a_zone_that_was_removed(zone: str) -> None:
    assert moment(AT, zone) == "3 July 2026, 23:30 (UTC)"
    assert zone_label(zone) == "UTC"


def test_it_uses_the_day_of_the_users_zone() -> None:
    assert (day(AT, "UTC"), day(AT, "Asia/Tokyo")) == ("3 July 2026", "4 July 2026")
    assert short(AT, "Asia/Tokyo") == "4 Jul, 08:30"


def test_it_names_months_in_the_users_language() -> None:
    with translation.override("pt"):
        assert "julho" in moment(AT, "UTC").lower()


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-5, "0 seconds"),
        (0, "0 seconds"),
        (1, "1 second"),
        (61, "1 minute and 1 second"),
        (3_600, "1 hour"),
        (4_812, "1 hour and 20 minutes"),
        (2 * 86_400 + 60, "2 days"),
        (9 * 86_400 + 5 * 3_600, "9 days and 5 hours"),
    ],
)
def test_it_says_how_long_something_was(seconds: int, written: str) -> None:
    assert lasted(seconds) == written
