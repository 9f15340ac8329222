"""Resolve hidden ids (LIDs) to phone numbers for one client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.data.bounded_map import BoundedMap

REMEMBERED = 1_000  # of each client; an engine has up to 100 clients


class LidLookup:
    """A cached lookup of the phone numbers behind hidden ids. It keeps the last ``REMEMBERED``:
    strangers choose how many ids write to a number.

    ``look_up`` returns the digits for a hidden id from the key store, or "". Calling it during
    or after the stop of its client crashes the process; stop inside ``closed`` to prevent that."""

    def __init__(self, look_up: Callable[[str], str]) -> None:
        self._look_up = look_up
        self._lock = threading.Lock()
        self._digits: BoundedMap[str, str] = BoundedMap(REMEMBERED)
        self._closed = False

    def number(self, hidden: str) -> str:
        """Return the number (E.164) behind ``hidden``, or "" if it is unknown."""
        if not hidden:
            return ""
        with self._lock:
            digits = self._digits.get(hidden) or self._stored(hidden)
        return f"+{digits}" if digits else ""

    def _stored(self, hidden: str) -> str:
        if self._closed:
            return ""
        if digits := self._look_up(hidden):  # an unknown one may become known
            self._digits.put(hidden, digits)
        return digits

    def __len__(self) -> int:
        """Return how many numbers are remembered."""
        return len(self._digits)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Disable lookups for good. None is running while the block executes."""
        with self._lock:
            self._closed = True
            yield
