"""An event loop whose clock a test can move forward, so that no test waits for a timer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class SkippingLoop(asyncio.SelectorEventLoop):
    """Time passes as usual, and ``skip`` adds to it. Timers that are due then run at once."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped

    def skip(self, seconds: float) -> None:
        self.skipped += seconds

    def now(self) -> datetime:
        """Return the date and time of this clock, aware."""
        return datetime.now(UTC) + timedelta(seconds=self.skipped)


def running_clock() -> SkippingLoop:
    """Return the loop of the running test."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    return loop
