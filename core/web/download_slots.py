"""How many downloads each user has at once, in this process."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock


class DownloadSlots:
    """Up to ``at_once`` slots for each owner. An owner without a download takes no memory."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = Lock()  # requests run in threads
        self._taken: dict[Hashable, int] = {}

    def take(self, owner: Hashable) -> Callable[[], None] | None:
        """Take a slot of ``owner``. Return the function that frees it; None if all are taken."""
        with self._lock:
            if self._taken.get(owner, 0) >= self._at_once:
                return None
            self._taken[owner] = self._taken.get(owner, 0) + 1
        return lambda: self._free(owner)

    def __len__(self) -> int:
        """Return how many owners have a download."""
        return len(self._taken)

    def _free(self, owner: Hashable) -> None:
        with self._lock:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]
