"""Remember the last good answer of each name, for when its name server does not answer. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

KEPT_SECONDS = 24 * 3600.0
MOST_NAMES = 10_000


class LastAnswers:
    """Addresses by name. The names that were not used for longest go first."""

    def __init__(self, names: int = MOST_NAMES, kept_seconds: float = KEPT_SECONDS) -> None:
        self._names, self._kept_seconds = names, kept_seconds
        self._answers: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    def store(self, name: str, addresses: Sequence[str], now: float) -> None:
        """Remember the answer for ``name``; ``now`` is in seconds of a monotonic clock."""
        self._answers[name] = now, tuple(addresses)
        self._answers.move_to_end(name)
        if len(self._answers) > self._names:
            self._answers.popitem(last=False)

    def get(self, name: str, now: float) -> list[str]:
        """Return the last answer for ``name``; empty if there is none, or it is too old."""
        at, addresses = self._answers.get(name, (now, ()))
        if now - at > self._kept_seconds:
            del self._answers[name]
            return []
        if addresses:
            self._answers.move_to_end(name)
        return list(addresses)

    def forget(self, name: str) -> None:
        """Forget ``name``, which no longer exists."""
        self._answers.pop(name, None)
