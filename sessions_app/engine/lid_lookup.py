"""The numbers behind the hidden ids of one client, looked up once each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Names:
    """``look_up`` finds the digits of a hidden id in the key store, or "". It must not run
    while, or after, its client is stopped: ``closed`` sees to that."""

    def __init__(self, look_up: Callable[[str], str]) -> None:
        self._look_up = look_up
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._closed = False

    def number(self, hidden: str) -> str:
        """The number (E.164) behind ``hidden``, or "" when nobody knows it."""
        if not hidden:
            return ""
        with self._lock:
            if not self._known.get(hidden) and not self._closed:
                self._known[hidden] = self._look_up(hidden)
            digits = self._known.get(hidden)
        return f"+{digits}" if digits else ""

    @contextmanager
    def closed(self) -> Iterator[None]:
        """No look-up from now on, and none under way inside the block."""
        with self._lock:
            self._closed = True
            yield
