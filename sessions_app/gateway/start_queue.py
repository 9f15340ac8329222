"""The start queue: bounds how many starts are under way at once.

It only limits the load; each engine serializes its own starts. A start that does not answer keeps
its place for at most ``HOLD_SECONDS``, so a stuck one does not block the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

HOLD_SECONDS = 5.0
SPREAD_SECONDS = 0.005  # for each session of a mass restore
MAX_SPREAD_SECONDS = 10.0


class StartQueue:
    """Call ``enter`` before a start, and the function it returns once the start has answered."""

    def __init__(self, parallel: int, hold_seconds: float = HOLD_SECONDS) -> None:
        self._places = asyncio.Semaphore(parallel)
        self._hold_seconds = hold_seconds

    async def enter(self) -> Callable[[], None]:
        """Wait for a place. Returns a function that gives it back; calling it twice is harmless."""
        await self._places.acquire()
        given_back = False

        def leave() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                timer.cancel()
                self._places.release()

        timer = asyncio.get_running_loop().call_later(self._hold_seconds, leave)
        return leave


def spread(index: int, total: int, random: Callable[[], float]) -> float:
    """Return the seconds that restore number ``index`` of ``total`` waits: none for a few, a
    jittered ramp for many."""
    if total <= 10:
        return 0.0
    ramp = min(SPREAD_SECONDS * total, MAX_SPREAD_SECONDS)
    return ramp * (index + random()) / total
