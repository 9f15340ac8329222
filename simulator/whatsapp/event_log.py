"""The most recent wire-level events, without secrets, for display and tests."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

MAX_EVENTS = 5000


class EventLog:
    """A ring buffer of events. Each event has an increasing number ``seq``."""

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS)
        self._seq = 0

    def add(self, kind: str, **details: str | int | None) -> None:
        """Record one event. ``details`` must not contain keys, codes or message texts."""
        self._seq += 1
        given = {name: value for name, value in details.items() if value is not None}
        self._events.append({"seq": self._seq, "at": time.time(), "kind": kind, **given})

    def since(self, seq: int) -> list[dict[str, Any]]:
        """Return the events after number ``seq``, oldest first."""
        return [event for event in self._events if event["seq"] > seq]
