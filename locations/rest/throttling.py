"""The rate limits of API calls, for each key and each account.

With Redis all processes share the counts; without it, or while it is away, each process counts its
own requests. A cache that fails nevertheless lets calls through: limits must not stop messages.
"""

from __future__ import annotations

import logging

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from core.security.rate_counts import Allowance, Rate, count
from locations.models import ApiKey
from locations.plans.entitlements import limits_of

logger = logging.getLogger(__name__)


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


def _count_if_possible(limits: dict[str, int]) -> Rate | None:
    try:
        return count([Allowance(name, limit) for name, limit in limits.items()])
    except (RedisError, OSError) as error:
        logger.warning("Calls are not counted", extra={"error": type(error).__name__})
        return None
