"""The moment at which a session's actor acts by itself."""

from __future__ import annotations

import asyncio

from sessions_app.gateway.decisions.actor_events import DeadlinePurpose


class Deadline:
    """One moment at most, on the event loop's clock, and its purpose."""

    def __init__(self) -> None:
        self._due: tuple[float, DeadlinePurpose] | None = None

    @property
    def is_set(self) -> bool:
        return self._due is not None

    def set(self, seconds: float, purpose: DeadlinePurpose) -> None:
        """Replace the deadline by one in ``seconds``."""
        self._due = (asyncio.get_running_loop().time() + seconds, purpose)

    def clear(self) -> None:
        self._due = None

    def remaining(self) -> float | None:
        """Return the seconds until it passes, at least 0, or None if it is not set."""
        if self._due is None:
            return None
        return max(0.0, self._due[0] - asyncio.get_running_loop().time())

    def take(self) -> DeadlinePurpose:
        """Clear the deadline, which must be set, and return its purpose."""
        if self._due is None:
            raise ValueError("no deadline is set")
        purpose = self._due[1]
        self._due = None
        return purpose
