"""Django's cache in Redis, or in the memory of this process while Redis is unavailable.

Rate limits count in the cache. While Redis is away, each process counts for itself: a limit is
then higher by the number of processes, but it holds, and nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

from core.data.redis_state import FAILURES, client_options, state_of

LOCAL_ENTRIES = 100_000  # rate limit counters must not evict each other


class FallbackCache(RedisCache):
    """A cache that never raises because of Redis."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {**client_options(), **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        local = {**params, "OPTIONS": {"MAX_ENTRIES": LOCAL_ENTRIES}}
        self._local = LocMemCache(f"instead of {server}", local)
        self._state = state_of(server)

    def _either(self, method: str, *arguments: Any, **named: Any) -> Any:
        if self._state.available:
            try:
                result = getattr(super(), method)(*arguments, **named)
            except FAILURES as error:
                self._state.failed(error)
            else:
                self._state.answered()
                return result
        return getattr(self._local, method)(*arguments, **named)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return bool(self._either("add", key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._either("get", key, default, version)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._either("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._either("touch", key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._either("delete", key, version))

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        found: dict[Any, Any] = self._either("get_many", keys, version)
        return found

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(self._either("has_key", key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._either("incr", key, delta, version))

    def set_many(
        self,
        data: Mapping[Any, Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[Any]:
        failed: list[Any] = self._either("set_many", data, timeout, version)
        return failed

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        self._either("delete_many", keys, version)

    def clear(self) -> None:
        self._local.clear()
        self._either("clear")
