"""Whether the mail server is asked at all: a fault of the server must not burn the attempts of
every mail that waits. Pure; the caller brings the time in seconds."""

from __future__ import annotations

PAUSES: tuple[float, ...] = (5.0, 15.0, 60.0, 300.0)
"""Seconds after the first break, the second, …; then always the last of them."""

PUT_OFF_IN_A_ROW = 10


class Circuit:
    """Breaks when the server fails; after a pause one mail alone may try, and once that one gets
    an answer the others follow."""

    def __init__(self) -> None:
        self._breaks = 0
        self._until = 0.0
        self._put_off = 0

    @property
    def whole(self) -> bool:
        return self._breaks == 0

    def places(self, now: float, free: int, busy: int) -> int:
        """How many of the ``free`` connections may be given work while ``busy`` ones have some."""
        if self.whole:
            return free
        may_probe = now >= self._until and not busy
        return min(free, 1) if may_probe else 0

    def broke(self, now: float) -> None:
        """The server cannot be reached, or refuses everything. What several connections meet at
        once counts once."""
        if self.whole or now >= self._until:
            self._breaks += 1
            self._until = now + PAUSES[min(self._breaks, len(PAUSES)) - 1]
        self._put_off = 0

    def put_off(self, now: float) -> None:
        """A single mail is to come later. Many of these in a row mean the server."""
        self._put_off += 1
        if self._put_off >= PUT_OFF_IN_A_ROW or not self.whole:
            self.broke(now)

    def answered(self) -> None:
        """The server took a mail, or refused that one for good: it works."""
        self._breaks = self._put_off = 0
