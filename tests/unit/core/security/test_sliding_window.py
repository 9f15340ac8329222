from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.security.sliding_window import WINDOW_SECONDS, Window

counts = st.integers(0, 5000)
moments = st.floats(0, 59.99)


def test_it_counts_the_overlap_with_the_previous_minute() -> None:
    assert Window(before=60, now=10, elapsed=0).calls == 70
    assert Window(before=60, now=10, elapsed=45).calls == 25


def test_it_says_how_many_more_fit() -> None:
    assert Window(before=0, now=7, elapsed=5).left(10) == 3
    assert Window(before=10, now=5, elapsed=33).left(10) == 0
    assert Window(before=0, now=12, elapsed=5).left(10) == 0


def test_it_waits_while_the_previous_minute_fades() -> None:
    assert Window(before=60, now=30, elapsed=0).wait(60) == 31


def test_it_waits_into_the_next_minute_when_full() -> None:
    assert Window(before=0, now=10, elapsed=50).wait(10) == 10 + 6


def test_it_is_empty_after_a_whole_window() -> None:
    assert Window(before=0, now=0, elapsed=10).empty_after == 0
    assert Window(before=3, now=0, elapsed=10).empty_after == 50
    assert Window(before=3, now=1, elapsed=10).empty_after == 110


def test_it_never_fits_into_a_limit_of_zero() -> None:
    assert Window(before=0, now=0, elapsed=10).wait(0) == WINDOW_SECONDS


@given(counts, counts, moments, st.integers(1, 5000))
def test_it_fits_one_more_call_after_the_wait(
    before: int, now: int, elapsed: float, limit: int
) -> None:
    later = elapsed + Window(before, now, elapsed).wait(limit)

    if later >= 2 * WINDOW_SECONDS:
        after = Window(0, 1, 0)
    elif later >= WINDOW_SECONDS:
        after = Window(now, 1, later - WINDOW_SECONDS)
    else:
        after = Window(before, now + 1, later)
    assert after.calls <= limit + 1e-6
