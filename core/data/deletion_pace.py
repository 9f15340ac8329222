"""How fast rows are deleted: the size of a batch, the pause after it, and whose turn it is."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, transaction

logger = logging.getLogger(__name__)

FEWEST_ROWS = 50
SLOW_SECONDS, QUICK_SECONDS = 0.03, 0.015
# SQLite takes one writer at a time, and waiting writers sleep between their attempts, for up to
# 0.1 s: without pauses that are longer than the batches, they could miss every opportunity.
PAUSE_SECONDS = 0.05
PAUSE_BATCHES = 2
# What a request deletes before it leaves the rest to a job: small objects are gone at once.
AT_ONCE_SECONDS = 0.1


def next_size(size: int, seconds: float, most: int) -> int:
    """Return how many rows to delete next, at most ``most``, after ``size`` rows took
    ``seconds``."""
    if seconds > SLOW_SECONDS:
        return max(FEWEST_ROWS, size // 2)
    return min(most, size * 2) if seconds < QUICK_SECONDS else size


def pause_after(seconds: float) -> float:
    """Return how many seconds to wait after a batch that took ``seconds``."""
    return max(PAUSE_SECONDS, PAUSE_BATCHES * seconds)


class BatchSize:
    """The size of the next batch of one deletion, at most ``most`` rows, adapted to how long the
    last one took."""

    def __init__(self, most: int) -> None:
        self._size = self._most = most

    def batches(self, keys: list[Any]) -> Iterator[list[Any]]:
        """Yield ``keys`` in batches of the present size."""
        start = 0
        while start < len(keys):
            batch = keys[start : start + self._size]
            start += len(batch)
            yield batch

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction, and measure it without the wait for its beginning."""
        with transaction.atomic(savepoint=False):
            began = time.monotonic()
            yield
        # With the commit, which writes the pages: writers wait for that, too.
        self._size = next_size(self._size, time.monotonic() - began, self._most)


class _Turns:
    """One batch at a time in this process, with a pause after each: several deletions at once are
    no greater load than one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next_at = 0.0

    def take(self, steps: Iterator[int]) -> int | None:
        """Run the next step and return its result, or None if there was none."""
        with self._lock:
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            began = time.monotonic()
            try:
                return next(steps, None)
            finally:
                ended = time.monotonic()
                self._next_at = ended + pause_after(ended - began)


_turns = _Turns()


def run_paced(steps: Iterator[int]) -> Iterator[int]:
    """Yield the results of ``steps`` (``batch_delete.deletion_steps``), with pauses between."""
    while (result := _turns.take(steps)) is not None:
        yield result


def run_in_turn(deletions: Mapping[Any, Iterator[int]], seconds: float = math.inf) -> int:
    """Run one step of each of ``deletions`` in turn, with pauses, for about ``seconds``, so that a
    large one does not delay the others. Return the sum of their results.

    One that fails is logged with its key and ends here; the next run goes on with it.
    """
    waiting, total, until = dict(deletions), 0, time.monotonic() + seconds
    while waiting and time.monotonic() < until:
        for key, steps in list(waiting.items()):
            result = _step(key, steps)
            if result is None:
                del waiting[key]
            total += result or 0
    return total


def _step(key: Any, steps: Iterator[int]) -> int | None:
    try:
        return _turns.take(steps)
    except DatabaseError as error:  # a new row has arrived in the meantime, for example
        facts = {"of": str(key), "error": type(error).__name__}
        logger.warning("A deletion is not complete yet", extra=facts)
        return None


def run_at_once(steps: Iterator[int]) -> None:
    """Run ``steps`` for a moment, without pauses: for requests. A job does what remains."""
    until = time.monotonic() + AT_ONCE_SECONDS
    try:
        while time.monotonic() < until and next(steps, None) is not None:
            pass
    except DatabaseError as error:
        facts = {"error": type(error).__name__}
        logger.warning("A deletion is left to its job", extra=facts)
