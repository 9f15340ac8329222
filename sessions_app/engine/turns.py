"""Whose turn it is to change the library's unguarded tables: one start or stop at a time.

The library keeps its clients in maps without a lock; two writers at once end the process. A
start therefore holds the turn until its client is known (QR, own identity or failure), a stop
until it returns. A holder that is stuck loses the turn after ``bound`` seconds: by then its
writes are long done (they precede the dialling), and nobody waits behind a stuck start.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

BOUND_SECONDS = 2.0


class Turn:
    """A turn that was taken; ends once, by ``end()`` or at the end of a ``with`` block."""

    def __init__(self, end: Callable[[Turn], None], until: float) -> None:
        self._end = end
        self.until = until

    def end(self) -> None:
        self._end(self)

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()


class Turns:
    """Gives turns, first come, first served; ``bound`` and ``clock`` are in seconds."""

    def __init__(
        self, bound: float = BOUND_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bound = bound
        self._clock = clock
        self._changed = threading.Condition()
        self._holder: Turn | None = None

    def take(self) -> Turn:
        """Wait for the turn and take it. Never waits longer for a holder than its bound."""
        with self._changed:
            while self._holder is not None:
                left = self._holder.until - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            self._holder = Turn(self._give_back, self._clock() + self._bound)
            return self._holder

    def _give_back(self, turn: Turn) -> None:
        with self._changed:
            if self._holder is turn:
                self._holder = None
                self._changed.notify()
