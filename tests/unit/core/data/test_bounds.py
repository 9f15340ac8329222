"""Every value from WhatsApp is brought inside its bounds, and changed only if it is outside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import bounds

NOW = 1_780_000_000.0
YEAR = 31_536_000


@pytest.mark.parametrize("seconds", [bounds.EARLIEST, NOW - YEAR, NOW - 0.5, NOW])
def test_it_keeps_times_of_the_past(seconds: float) -> None:
    assert bounds.unix_time(seconds, NOW) == seconds


@pytest.mark.parametrize("units", [1e3, 1e6, 1e9])
def test_it_recognizes_smaller_units_of_time(units: float) -> None:
    assert bounds.unix_time((NOW - 60) * units, NOW) == pytest.approx(NOW - 60)


@pytest.mark.parametrize(
    "value",
    [
        0, -1, 1.5, NOW + 1, NOW + 30 * YEAR, (NOW + 30 * YEAR) * 1e3, 2**63 - 1, -(2**63),
        10**400, float("inf"), float("-inf"), float("nan"),
    ],
)  # fmt: skip
def test_it_replaces_times_without_a_meaning_by_now(value: float) -> None:
    assert bounds.unix_time(value, NOW) == NOW


@given(st.floats() | st.integers(), st.floats(bounds.EARLIEST, 4e9))
def test_it_always_returns_a_time_in_the_past(value: float, now: float) -> None:
    found = bounds.unix_time(value, now)

    assert bounds.EARLIEST <= found <= now
    assert bounds.unix_time(found, now) == found


def test_it_makes_aware_moments_of_any_number() -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)

    assert bounds.moment(2**63 - 1, now) == now
    assert bounds.moment(now.timestamp() * 1000, now) == now


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("+351911111111", "+351911111111"),
        ("+0", "+0"),  # WhatsApp's own account
        ("+" + "9" * 15, "+" + "9" * 15),
        ("+" + "9" * 16, ""),
        ("+123456789012345678", ""),
        ("+٣٥١", ""),
        ("351911111111", ""),
        ("+351\n", ""),
        ("", ""),
    ],
)
def test_it_takes_only_numbers_of_e164(value: str, expected: str) -> None:
    assert bounds.number(value) == expected


@pytest.mark.parametrize("value", ["3EB0A1", "x" * 64, ""])
def test_it_keeps_usual_ids(value: str) -> None:
    assert bounds.identifier(value) == value


def test_it_keeps_unusual_ids_apart() -> None:
    unusual = ["x" * 65, "x" * 66, "olá", "a\nb", "\x00", "\ud800"]

    found = {bounds.identifier(value) for value in unusual}

    assert len(found) == len(unusual)
    assert {len(value) for value in found} == {bounds.ID_CHARACTERS}
    assert {bounds.identifier(value) for value in found} == found


@given(st.text(st.characters(), max_size=200))
def test_it_makes_every_text_storable(value: str) -> None:
    for limit, characters in ((bounds.name, 120), (bounds.word, 20), (bounds.address, 64)):
        found = limit(value)
        assert len(found) == min(len(value), characters)
        assert "\x00" not in found
        found.encode()
        assert limit(found) == found


def test_it_cuts_texts_at_the_limit_of_whatsapp() -> None:
    assert bounds.text("x" * 65_536) == "x" * 65_536
    assert bounds.text("x" * 2_000_000) == "x" * 65_536


def test_it_limits_counts_durations_and_lists() -> None:
    assert [bounds.count(n) for n in (-1, 3, 2**40)] == [0, 3, 32_767]
    assert [bounds.seconds(s) for s in (-1.0, 3.0, 1e300, float("nan"))] == [0.0, 3.0, 1e10, 0.0]
    assert len(bounds.identifiers(["3EB0"] * 5_000)) == bounds.IDS_AT_ONCE
