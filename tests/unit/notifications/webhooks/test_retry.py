"""When a delivery is retried, and when a webhook counts as dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifications.webhooks.http_client import TIMEOUT_SECONDS
from notifications.webhooks.queue import LEASE
from notifications.webhooks.retry import DEAD_AFTER, WAITS, is_dead, wait_before_next

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_it_waits_longer_each_time_for_a_day() -> None:
    waits = [wait_before_next(number, 0.0) for number in range(1, len(WAITS) + 1)]

    assert waits == sorted(waits, key=lambda wait: wait or timedelta())
    assert waits[:4] == [
        timedelta(seconds=10),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
    ]
    assert sum((wait for wait in waits if wait), timedelta()) == timedelta(days=1)


def test_it_gives_up_after_the_last_retry() -> None:
    assert wait_before_next(len(WAITS), 1.0) is not None
    assert wait_before_next(len(WAITS) + 1, 0.0) is None


@given(st.integers(1, len(WAITS)), st.floats(0, 1))
def test_it_adds_up_to_a_tenth_of_jitter(attempts: int, chance: float) -> None:
    wait = wait_before_next(attempts, chance)

    assert wait is not None
    assert WAITS[attempts - 1] <= wait <= WAITS[attempts - 1] * 1.1


def test_it_is_dead_after_a_day_of_failures() -> None:
    day_ago = NOW - DEAD_AFTER

    assert is_dead(day_ago, None, NOW)
    assert is_dead(day_ago, day_ago - timedelta(seconds=1), NOW)


def test_it_is_alive_after_a_recent_success() -> None:
    day_ago = NOW - DEAD_AFTER

    assert not is_dead(day_ago, day_ago + timedelta(seconds=1), NOW)
    assert not is_dead(day_ago + timedelta(seconds=1), None, NOW)


def test_it_is_dead_at_the_last_retry() -> None:
    last = NOW
    for number in range(1, len(WAITS) + 1):
        last += wait_before_next(number, 0.0) or timedelta()

    assert is_dead(NOW, None, last)


def test_it_leases_a_delivery_for_longer_than_an_attempt() -> None:
    """Otherwise another worker sends it again while the first still waits for the answer."""
    assert LEASE.total_seconds() >= 2 * TIMEOUT_SECONDS
