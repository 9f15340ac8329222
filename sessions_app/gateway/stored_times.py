"""Which times of the running sessions are not stored yet. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID


class StoredTimes:
    """The time last stored for each running session."""

    def __init__(self) -> None:
        self._stored: dict[UUID, datetime] = {}

    def unstored(self, current: Mapping[UUID, datetime]) -> dict[UUID, datetime]:
        """Return those of ``current``, the times of all running sessions, that are not stored.
        Sessions that no longer run are forgotten, even if they ended while theirs was stored."""
        self._stored = {key: at for key, at in self._stored.items() if key in current}
        return {key: at for key, at in current.items() if self._stored.get(key) != at}

    def note(self, stored: Mapping[UUID, datetime]) -> None:
        """Remember that these times are stored."""
        self._stored.update(stored)

    def __len__(self) -> int:
        return len(self._stored)
