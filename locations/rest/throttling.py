"""Rate limits: API calls of each key and each account, and costly actions of each account on pages
and by API, counted in Django's cache.

With Redis all processes share the counts; without it each process counts its own requests. If
the cache is unavailable, calls are let through: rate limiting must not stop messages.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache
from django.utils.translation import ngettext
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from locations.models import ApiKey
from locations.plans.entitlements import limits_of
from locations.rest.sliding_window import WINDOW_SECONDS, Window

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rate:
    """The state of a rate limit of ``limit`` calls a minute after this call. ``reset``: seconds
    until the count is zero again. ``wait``: seconds until the next call is allowed; None if this
    one was."""

    limit: int
    left: int
    reset: int
    wait: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The rate limit headers of a response."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.reset),
        }


class TooOften(Exception):
    """An account has used up its rate of an action. ``limit``: a sentence that names it, for users.
    ``wait``: seconds until the action is possible again. ``str()`` has both."""

    def __init__(self, limit: str, wait: int) -> None:
        again = ngettext("Try again in %d second.", "Try again in %d seconds.", wait) % wait
        super().__init__(f"{limit} {again}")
        self.wait = wait


class CallRateThrottle(BaseThrottle):
    """Limit the calls of the request's API key. ``rate`` is None before ``allow_request``, and
    for a key without a limit."""

    rate: Rate | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        key: ApiKey = request.auth  # type: ignore[assignment]
        self.rate = count_call(key)
        return self.wait() is None

    def wait(self) -> int | None:
        """Return the seconds until the next call is allowed, if this one was not."""
        return self.rate.wait if self.rate else None


def count_call(key: ApiKey) -> Rate | None:
    """Count one call of ``key``, unless it exceeds a limit. Return the rate of the account or of
    the key, whichever is closer to its limit; None if neither has one."""
    limits = {f"account:{key.account_id}": limits_of(key.account).api_calls_a_minute}
    limits[f"key:{key.pk}"] = key.calls_a_minute
    return _count_if_possible({name: n for name, n in limits.items() if n is not None})


def count_action(account_id: UUID, action: str, a_minute: int, limit: str) -> None:
    """Count one ``action`` of an account, on a page or by API. Raises TooOften with the sentence
    ``limit`` if the account has made ``a_minute`` of them."""
    rate = _count_if_possible({f"{action}:{account_id}": a_minute})
    if rate is not None and rate.wait is not None:
        raise TooOften(limit, rate.wait)


def _count_if_possible(limits: dict[str, int]) -> Rate | None:
    try:
        return _count(limits)
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
    """Count first and check afterwards, so that concurrent calls cannot exceed ``limit``."""
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
    except ValueError:  # evicted from the cache in between
        cache.set(slot, max(0, calls), timeout=2 * WINDOW_SECONDS)
        return max(0, calls)


def _slot(name: str, at: float) -> str:
    return f"calls:{name}:{int(at // WINDOW_SECONDS)}"
