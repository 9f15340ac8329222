"""How long to wait before a retry."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.background.backoff import JITTER, draw_chance, wait_after

MINUTE = timedelta(minutes=1)
WAITS = (MINUTE, 5 * MINUTE, 15 * MINUTE)


def test_it_waits_longer_after_failures_up_to_a_maximum() -> None:
    assert [wait_after(n, WAITS, 0.0) for n in (1, 2, 3, 4, 100)] == [
        *WAITS,
        15 * MINUTE,
        15 * MINUTE,
    ]


@given(st.integers(1, 50), st.floats(0, 1))
def test_it_adds_jitter_of_up_to_a_tenth(failures: int, chance: float) -> None:
    plain = wait_after(failures, WAITS, 0.0)

    assert plain <= wait_after(failures, WAITS, chance) <= plain * (1 + JITTER)


def test_it_returns_a_chance_between_0_and_1() -> None:
    assert all(0 <= draw_chance() <= 1 for _ in range(100))
