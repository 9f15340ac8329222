"""How many calls a minute fit: a sliding window of two counts. Pure: counts in, answers out.

Of the minute before, that part counts which the last 60 seconds still reach into. It takes two
numbers a caller, whatever the limit, and lets no burst of twice the limit through at the turn
of a minute, as a plain count by the clock would.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Window:
    """Calls of the minute ``before`` and of this one so far (``now``), ``elapsed`` seconds (0 up
    to 60) into it."""

    before: int
    now: int
    elapsed: float

    @property
    def calls(self) -> float:
        """The calls of the last 60 seconds, as near as two counts can tell."""
        return self.before * (1 - self.elapsed / WINDOW_SECONDS) + self.now

    def left(self, limit: int) -> int:
        """How many more fit into ``limit`` at once."""
        return max(0, floor(limit - self.calls))

    @property
    def empty_after(self) -> int:
        """Seconds without a call after which nothing counts any more, rounded up."""
        if self.now:
            return ceil(2 * WINDOW_SECONDS - self.elapsed)
        return ceil(WINDOW_SECONDS - self.elapsed) if self.before else 0

    def wait(self, limit: int) -> int:
        """Seconds, 1 at least, after which one more call fits into ``limit``; a whole window
        where none ever does."""
        if limit < 1:
            return WINDOW_SECONDS
        if self.now < limit:  # before the turn of the minute, as the one before fades
            seconds = self._fades(self.before, limit - 1 - self.now) - self.elapsed
        else:  # after it, as this one fades
            seconds = WINDOW_SECONDS - self.elapsed + self._fades(self.now, limit - 1)
        return max(1, ceil(seconds))

    @staticmethod
    def _fades(calls: int, room: int) -> float:
        """Seconds into a minute until ``calls`` of the one before count as ``room``."""
        return WINDOW_SECONDS * (1 - room / calls) if calls > room else 0
