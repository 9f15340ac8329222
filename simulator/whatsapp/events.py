"""The recent wire-level events, without secrets, for people and tests to look at."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

KEPT = 5000


class EventLog:
    """A ring of the last events; each has a growing `seq`."""

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._seq = 0

    def add(self, kind: str, **details: str | int | None) -> None:
        """Record one event. `details` must hold no key, code, or message text."""
        self._seq += 1
        known = {name: value for name, value in details.items() if value is not None}
        self._events.append({"seq": self._seq, "at": time.time(), "kind": kind, **known})

    def since(self, seq: int) -> list[dict[str, Any]]:
        """The events after number `seq`, oldest first."""
        return [event for event in self._events if event["seq"] > seq]
