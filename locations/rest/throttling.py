"""Counts the calls of each API key and each account, in Django's cache, against their limits.

With Redis all processes count together; without it each counts what it serves. A cache that is
away lets calls through: it would be a poor reason for a text not to be sent.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from locations.models import ApiKey
from locations.plans.entitlements import limits_of
from locations.rest.sliding_window import WINDOW_SECONDS, Window

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rate:
    """How a caller stands against ``limit`` calls a minute, this call included. ``wait``:
    seconds until the next one fits, when this one did not."""

    limit: int
    left: int
    reset: int
    wait: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The same for a program, by its answer's headers."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.reset),
        }


def count_call(key: ApiKey) -> Rate | None:
    """Count one call of ``key``, unless it is one too many: then ``wait`` says so. The rate is
    that of the account or of the key, whichever is nearer to its limit; None without a limit."""
    limits = {f"account:{key.account_id}": limits_of(key.account).api_calls_a_minute}
    limits[f"key:{key.pk}"] = key.calls_a_minute
    try:
        return _count({name: limit for name, limit in limits.items() if limit is not None})
    except (RedisError, OSError) as error:
        logger.warning("Calls are not counted", extra={"error": type(error).__name__})
        return None


def _count(limits: dict[str, int]) -> Rate | None:
    now = time.time()
    taken: dict[str, Rate] = {}
    for name, limit in limits.items():
        rate = _take(name, limit, now)
        if rate.wait is not None:
            for other in taken:
                _add(other, now, -1)
            return rate
        taken[name] = rate
    return min(taken.values(), key=lambda rate: rate.left, default=None)


def _take(name: str, limit: int, now: float) -> Rate:
    """Count first and look afterwards: of any number at once, no more than ``limit`` see a
    count that fits."""
    count = _add(name, now, 1)
    before = cache.get(_slot(name, now - WINDOW_SECONDS), 0)
    window = Window(before, count, now % WINDOW_SECONDS)
    if window.calls <= limit:
        return Rate(limit, window.left(limit), window.empty_after)
    window = Window(before, _add(name, now, -1), now % WINDOW_SECONDS)
    return Rate(limit, 0, window.empty_after, window.wait(limit))


def _add(name: str, now: float, calls: int) -> int:
    slot = _slot(name, now)
    cache.add(slot, 0, timeout=2 * WINDOW_SECONDS)
    try:
        return int(cache.incr(slot, calls))
    except ValueError:  # thrown out of a full cache just now
        cache.set(slot, max(0, calls), timeout=2 * WINDOW_SECONDS)
        return max(0, calls)


def _slot(name: str, at: float) -> str:
    return f"calls:{name}:{int(at // WINDOW_SECONDS)}"
