"""How many live sockets one viewer and one address may have open in a process. Pure.

Browsers open one per page. Beyond these limits, a page updates by its poll. Sockets whose sign-in
is still being checked count for their address, too; all of them share a few queries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

SOCKETS_A_VIEWER = 20
SOCKETS_AN_ADDRESS = 50


class SocketLimits:
    """Counts places by group, such as an address."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[Hashable] = Counter()

    def take(self, group: Hashable) -> bool:
        """Take a place of ``group`` and return True; return False if all are taken."""
        if self._taken[group] >= self._limit:
            return False
        self._taken[group] += 1
        return True

    def give_back(self, group: Hashable) -> None:
        """Give back a place of ``group`` that was taken."""
        self._taken[group] -= 1
        if self._taken[group] <= 0:
            del self._taken[group]
