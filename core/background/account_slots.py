"""Bound how much slow work of one account is under way at once, within this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock


class NoSlot(Exception):
    """All slots of the account are taken."""


class AccountSlots:
    """``slots`` slots for each account. Usable from any thread."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._taken: Counter[Hashable] = Counter()
        self._lock = Lock()

    @contextmanager
    def take(self, account: Hashable) -> Iterator[None]:
        """Hold a slot of ``account``. Raises NoSlot if all are taken."""
        with self._lock:
            if self._taken[account] >= self._slots:
                raise NoSlot
            self._taken[account] += 1
        try:
            yield
        finally:
            self._release(account)

    def _release(self, account: Hashable) -> None:
        with self._lock:
            self._taken[account] -= 1
            if not self._taken[account]:
                del self._taken[account]

    @property
    def accounts(self) -> int:
        """How many accounts hold a slot."""
        return len(self._taken)
