"""How long to wait before a retry. ``wait_after`` is pure: the caller draws the chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

JITTER = 0.1  # of the wait


def wait_after(failures: int, waits: Sequence[timedelta], chance: float) -> timedelta:
    """Return the wait after ``failures`` (1 or more) in a row; the last of ``waits`` repeats.

    ``chance`` (0 to 1) adds up to a tenth, so that what failed together is not retried together.
    It never shortens the wait.
    """
    return waits[min(failures, len(waits)) - 1] * (1 + JITTER * chance)


def draw_chance() -> float:
    """Return a random number from 0 to 1 for ``wait_after``."""
    return random.random()  # noqa: S311  spreads retries, protects no secret
