"""How long to wait before the next try. Pure: randomness and time are parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

FIRST_SECONDS = 5.0
CAP_SECONDS = 300.0
_GROWTH = 2.0


def delays(random: Callable[[], float]) -> Iterator[float]:
    """Endless waits in seconds: 5, 10, 20 … 300, each shortened by up to a half at random
    (``random()`` in [0, 1)), so that many sessions do not come back in one instant."""
    whole = FIRST_SECONDS
    while True:
        yield whole * (1 - random() / 2)
        whole = min(whole * _GROWTH, CAP_SECONDS)


def pairing_delays() -> Iterator[float]:
    """Waits in seconds while a customer looks on: 2, 4, 8, 16 …"""
    return (2.0**tries for tries in count(1))


def refusal_delays() -> Iterator[timedelta]:
    """After a refusal that whatsmeow does not repeat by itself: 1, 5, 15 minutes, then no more."""
    return iter([timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)])


def outdated_delays() -> Iterator[timedelta]:
    """After "client outdated": 5 and 30 minutes, then every hour (an update may come)."""
    yield timedelta(minutes=5)
    yield timedelta(minutes=30)
    while True:
        yield timedelta(hours=1)
