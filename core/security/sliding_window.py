"""A sliding window rate limit with two counters. Pure.

The previous window counts in proportion to its overlap with the one that ends now. This needs two
numbers per caller, whatever the limit, and does not allow twice the limit around the turn of a
minute, as a fixed window would.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Window:
    """The calls of the previous window (``before``) and of this one (``now``), ``elapsed`` seconds
    into it (0 to ``seconds``, the length of a window)."""

    before: int
    now: int
    elapsed: float
    seconds: int = WINDOW_SECONDS

    @property
    def calls(self) -> float:
        """Estimate the calls of the last ``seconds``."""
        return self.before * (1 - self.elapsed / self.seconds) + self.now

    def left(self, limit: int) -> int:
        """Return how many more calls ``limit`` allows now."""
        return max(0, floor(limit - self.calls))

    @property
    def empty_after(self) -> int:
        """Return the seconds without a call until the window is empty, rounded up."""
        if self.now:
            return ceil(2 * self.seconds - self.elapsed)
        return ceil(self.seconds - self.elapsed) if self.before else 0

    def wait(self, limit: int) -> int:
        """Return the seconds, at least 1, until ``limit`` allows one more call; a whole window if
        it allows none."""
        if limit < 1:
            return self.seconds
        if self.now < limit:  # within this window, as the previous one fades
            seconds = self._fades(self.before, limit - 1 - self.now) - self.elapsed
        else:  # in the next window, as this one fades
            seconds = self.seconds - self.elapsed + self._fades(self.now, limit - 1)
        return max(1, ceil(seconds))

    def _fades(self, calls: int, room: int) -> float:
        """Return after how many seconds ``calls`` of the previous window count as ``room``."""
        return self.seconds * (1 - room / calls) if calls > room else 0
