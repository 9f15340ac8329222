"""A circuit breaker for the mail server. Pure; the caller passes the time in seconds.

While the server is down, it keeps the waiting mails from using up their attempts.
"""

from __future__ import annotations

PAUSES: tuple[float, ...] = (5.0, 15.0, 60.0, 300.0)
"""Seconds after the first break, the second, and so on; the last one repeats."""

PUT_OFF_IN_A_ROW = 10


class Circuit:
    """Breaks when the server fails.

    After a pause, a single mail probes the server. Once it gets a reply, the others follow.
    """

    def __init__(self) -> None:
        self._breaks = 0
        self._until = 0.0
        self._put_off = 0

    @property
    def whole(self) -> bool:
        return self._breaks == 0

    def places(self, now: float, free: int, busy: int) -> int:
        """Return how many of the ``free`` connections may send while ``busy`` ones do."""
        if self.whole:
            return free
        may_probe = now >= self._until and not busy
        return min(free, 1) if may_probe else 0

    def broke(self, now: float) -> None:
        """Record that the server cannot be reached, or refuses everything.

        Simultaneous failures of several connections count once.
        """
        if self.whole or now >= self._until:
            self._breaks += 1
            self._until = now + PAUSES[min(self._breaks, len(PAUSES)) - 1]
        self._put_off = 0

    def put_off(self, now: float) -> None:
        """Record that a mail was deferred. Many of these in a row break the circuit."""
        self._put_off += 1
        if self._put_off >= PUT_OFF_IN_A_ROW or not self.whole:
            self.broke(now)

    def answered(self) -> None:
        """Record that the server works: it accepted a mail, or refused one permanently."""
        self._breaks = self._put_off = 0
