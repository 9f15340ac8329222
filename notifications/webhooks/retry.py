"""When a delivery is retried, and when a webhook counts as dead. Pure, no clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.background.backoff import wait_after

WAITS: tuple[timedelta, ...] = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=13, minutes=38, seconds=50),
)
"""After the first failure, the second, and so on; together exactly one day."""

DEAD_AFTER = sum(WAITS, timedelta())


def wait_before_next(attempts: int, chance: float) -> timedelta | None:
    """Return how long to wait after ``attempts`` (1 or more) failed attempts; None to give up.

    ``chance`` (0 to 1, drawn by the caller) adds up to a tenth, so that deliveries that failed
    together are not retried together. The last attempt is at least a day after the first.
    """
    if attempts > len(WAITS):
        return None
    return wait_after(attempts, WAITS, chance)


def is_dead(oldest_undelivered: datetime, last_success: datetime | None, now: datetime) -> bool:
    """Return whether no delivery has succeeded for a day.

    ``oldest_undelivered`` is when the oldest waiting delivery was queued.
    """
    if now - oldest_undelivered < DEAD_AFTER:
        return False
    return last_success is None or last_success < oldest_undelivered
