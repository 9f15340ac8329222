"""The waits between tries."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.gateway.decisions import backoff

HOUR = timedelta(hours=1)


def test_it_backs_off_from_five_seconds_to_five_minutes() -> None:
    whole = [backoff.reconnect_delay(tries, 0.0).total_seconds() for tries in range(8)]

    assert whole == [5, 10, 20, 40, 80, 160, 300, 300]


@given(st.integers(0, 1_000_000), st.floats(0, 1, exclude_max=True))
def test_it_shortens_a_wait_by_up_to_a_half(tries: int, jitter: float) -> None:
    whole = backoff.reconnect_delay(tries, 0.0).total_seconds()

    shortened = backoff.reconnect_delay(tries, jitter).total_seconds()
    assert shortened == pytest.approx(whole - whole * jitter / 2, abs=1e-5)


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [
        (0, [HOUR, 6 * HOUR, 24 * HOUR, 24 * HOUR]),
        (-8_446_744_074, [HOUR, 6 * HOUR, 24 * HOUR, 24 * HOUR]),
        (math.nan, [HOUR, 6 * HOUR, 24 * HOUR, 24 * HOUR]),
        (1, [timedelta(minutes=1), 6 * HOUR, 24 * HOUR, 24 * HOUR]),
        (7 * 3600, [7 * HOUR, 7 * HOUR, 24 * HOUR, 24 * HOUR]),
        (9_999_999_999, [timedelta(days=3650)] * 4),
        (math.inf, [timedelta(days=3650)] * 4),
    ],
)
def test_it_waits_longer_after_each_ban(seconds: float, waits: list[timedelta]) -> None:
    assert [backoff.ban_delay(seconds, tries) for tries in range(4)] == waits


def test_it_retries_a_pairing_quickly() -> None:
    assert [backoff.pairing_delay(tries).total_seconds() for tries in range(4)] == [2, 4, 8, 16]


def test_it_stops_repeating_a_refusal_after_three_tries() -> None:
    delays = [backoff.refusal_delay(tries) for tries in range(5)]

    minutes = [delay and delay.total_seconds() / 60 for delay in delays]
    assert minutes == [1, 5, 15, None, None]


def test_it_checks_hourly_for_an_update() -> None:
    minutes = [backoff.outdated_delay(tries).total_seconds() / 60 for tries in range(4)]

    assert minutes == [5, 30, 60, 60]


def test_it_waits_longer_after_each_local_fault() -> None:
    minutes = [backoff.fault_delay(tries).total_seconds() / 60 for tries in range(4)]

    assert minutes == [1, 2, 5, 5]
