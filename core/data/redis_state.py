"""Whether a Redis server answers. It only speeds things up: without it, everything works on."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Any

from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

# A server that fails is left alone for this time, so that no request waits for it again and again.
RETRY_SECONDS = 5.0
TIMEOUT_SECONDS = 0.5
# What a client raises whose server is away, hangs, loads its data or refuses the password.
FAILURES = (RedisError, OSError)


def client_options(retries: int = 1) -> dict[str, Any]:
    """Return the options of a client that fails soon. One retry replaces a connection that the
    server has closed since its last use."""
    return {
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), retries),
    }


class RedisState:
    """The state of one server, for all threads of this process. Logs its changes."""

    def __init__(self) -> None:
        self._is_down = False
        self._retry_at = 0.0

    @property
    def available(self) -> bool:
        """Whether to try it: it answered, or its last failure is some seconds ago."""
        return not self._is_down or time.monotonic() >= self._retry_at

    def failed(self, error: Exception) -> None:
        """Take note of one of ``FAILURES``."""
        was_down, self._is_down = self._is_down, True
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if not was_down:
            logger.warning(
                "Redis is unavailable; this process counts limits and sends hints by itself",
                extra={"error": type(error).__name__},
            )

    def answered(self) -> None:
        """Take note of a success."""
        was_down, self._is_down = self._is_down, False
        if was_down:
            logger.warning("Redis answers again")


@cache
def state_of(url: str) -> RedisState:
    """Return the state of the server at ``url``, which is not logged: it may have a password."""
    return RedisState()
