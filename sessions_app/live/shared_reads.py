"""Share reads between callers that want the same thing. For one event loop, without I/O.

A caller never gets a result that was read before its call, because it may be newer than what it
has heard of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SharedReads(Generic[Result]):
    """At most one read of each key runs, and at most one more waits, for all callers since."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Result]] = {}
        self._waiting: dict[Hashable, asyncio.Task[Result]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of ``read``, or of an equal one of ``key`` that begins after this call.
        Raises what it raises. A cancelled caller does not cancel the read of the others."""
        task = self._waiting.get(key)
        if task is None:
            task = asyncio.create_task(self._read(key, read), name="shared read")
            task.add_done_callback(_note_error)
            self._waiting[key] = task
        return await asyncio.shield(task)

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[Result]]) -> Result:
        if (earlier := self._running.get(key)) is not None:
            await asyncio.wait([earlier])
        task = self._running[key] = self._waiting.pop(key)
        try:
            return await read()
        finally:
            if self._running[key] is task:
                del self._running[key]


def _note_error(task: asyncio.Task[Result]) -> None:
    """Retrieve the error also if all callers are gone: asyncio logs those that no one retrieves."""
    if not task.cancelled():
        task.exception()
