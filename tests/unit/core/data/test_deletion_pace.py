"""The size of a batch follows its duration, and pauses are longer than batches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DatabaseError

from core.data.deletion_pace import (
    FEWEST_ROWS,
    PAUSE_SECONDS,
    next_size,
    pause_after,
    run_at_once,
    run_in_turn,
)


@pytest.mark.parametrize(
    ("size", "seconds", "expected"),
    [
        (500, 0.2, 250),
        (500, 0.02, 500),
        (250, 0.01, 500),
        (500, 0.01, 500),
        (FEWEST_ROWS, 9.0, FEWEST_ROWS),
    ],
)
def test_it_makes_batches_smaller_after_slow_ones(size: int, seconds: float, expected: int) -> None:
    assert next_size(size, seconds, 500) == expected


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.1, 3.0])
def test_it_leaves_writers_most_of_the_time(seconds: float) -> None:
    assert pause_after(seconds) >= max(PAUSE_SECONDS, 2 * seconds)


def _failing(steps: int) -> Iterator[int]:
    yield from [1] * steps
    raise DatabaseError("a new row has arrived")


def test_it_goes_on_after_a_failed_deletion() -> None:
    assert run_in_turn({"failing": _failing(1), "other": iter([1, 1, 1])}) == 4


def test_it_leaves_a_failed_deletion_to_the_job() -> None:
    run_at_once(_failing(0))
