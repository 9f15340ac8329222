"""Resolve hidden ids (LIDs) to phone numbers for one client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class LidLookup:
    """A cached lookup of the phone numbers behind hidden ids.

    ``look_up`` returns the digits for a hidden id from the key store, or "". Calling it during
    or after the stop of its client crashes the process; stop inside ``closed`` to prevent that."""

    def __init__(self, look_up: Callable[[str], str]) -> None:
        self._look_up = look_up
        self._lock = threading.Lock()
        self._digits: dict[str, str] = {}
        self._closed = False

    def number(self, hidden: str) -> str:
        """Return the number (E.164) behind ``hidden``, or "" if it is unknown."""
        if not hidden:
            return ""
        with self._lock:
            if not self._digits.get(hidden) and not self._closed:
                self._digits[hidden] = self._look_up(hidden)
            digits = self._digits.get(hidden)
        return f"+{digits}" if digits else ""

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Disable lookups for good. None is running while the block executes."""
        with self._lock:
            self._closed = True
            yield
