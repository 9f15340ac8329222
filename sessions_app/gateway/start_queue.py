"""The start queue: how many starts may be under way at once, with none stuck in front.

The engine itself never lets two starts of one process collide; here we only bound the load.
A start that has not answered holds its place for ``HOLD_SECONDS`` at most, so that nobody
waits behind a stuck one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

HOLD_SECONDS = 5.0
SPREAD_SECONDS = 0.005  # for each session of a mass restore
MAX_SPREAD_SECONDS = 10.0


class StartQueue:
    """``await queue.enter()`` before a start; call the returned function when it answered."""

    def __init__(self, parallel: int, hold_seconds: float = HOLD_SECONDS) -> None:
        self._places = asyncio.Semaphore(parallel)
        self._hold_seconds = hold_seconds

    async def enter(self) -> Callable[[], None]:
        """Wait for a place; returns what gives it back (harmless when called twice)."""
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
    """Seconds that restore number ``index`` of ``total`` waits: none for a few, a jittered
    ramp for many."""
    if total <= 10:
        return 0.0
    ramp = min(SPREAD_SECONDS * total, MAX_SPREAD_SECONDS)
    return ramp * (index + random()) / total
