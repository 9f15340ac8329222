"""Counts calls and actions against rate limits, in a cache of Django.

With Redis all processes share the counts; without it each process counts its own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache as default_cache
from django.core.cache.backends.base import BaseCache

from core.security.sliding_window import WINDOW_SECONDS, Window


@dataclass(frozen=True)
class Allowance:
    """At most ``limit`` calls in ``seconds``, counted under ``name``."""

    name: str
    limit: int
    seconds: int = WINDOW_SECONDS


@dataclass(frozen=True)
class Rate:
    """The state of ``allowance`` after a call. ``reset``: seconds until the count is zero again.
    ``wait``: seconds until the next call is allowed; None if this one was."""

    allowance: Allowance
    left: int
    reset: int
    wait: int | None = None

    @property
    def limit(self) -> int:
        return self.allowance.limit

    @property
    def headers(self) -> dict[str, str]:
        """The rate limit headers of a response."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.reset),
        }


def count(allowances: Sequence[Allowance], cache: BaseCache | None = None) -> Rate | None:
    """Count one call against each of ``allowances``, or against none if one of them is used up.

    Return the rate of that one, or else of the one with the fewest calls left; None if there are
    no allowances. Raises the errors of ``cache`` (default: Django's default cache)."""
    counts = default_cache if cache is None else cache
    now = time.time()
    taken: list[Rate] = []
    for allowance in allowances:
        rate = _take(counts, allowance, now)
        if rate.wait is not None:
            for other in taken:
                _add(counts, other.allowance, now, -1)
            return rate
        taken.append(rate)
    return min(taken, key=lambda rate: rate.left, default=None)


def _take(cache: BaseCache, allowance: Allowance, now: float) -> Rate:
    """Count first and check afterwards, so that concurrent calls cannot exceed the limit."""
    limit, seconds = allowance.limit, allowance.seconds
    calls = _add(cache, allowance, now, 1)
    before = cache.get(_slot(allowance, now - seconds), 0)
    window = Window(before, calls, now % seconds, seconds)
    if window.calls <= limit:
        return Rate(allowance, window.left(limit), window.empty_after)
    window = Window(before, _add(cache, allowance, now, -1), now % seconds, seconds)
    return Rate(allowance, 0, window.empty_after, window.wait(limit))


def _add(cache: BaseCache, allowance: Allowance, now: float, calls: int) -> int:
    slot, life = _slot(allowance, now), 2 * allowance.seconds
    cache.add(slot, 0, timeout=life)
    try:
        return int(cache.incr(slot, calls))
    except ValueError:  # evicted from the cache in between
        cache.set(slot, max(0, calls), timeout=life)
        return max(0, calls)


def _slot(allowance: Allowance, at: float) -> str:
    return f"calls:{allowance.name}:{int(at // allowance.seconds)}"
