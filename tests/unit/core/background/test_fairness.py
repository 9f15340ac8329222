"""Fair shares of limited room: between accounts, and one at a time per key."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.background.fairness import LeastRecentlyServed, one_per_key, round_robin

words = st.lists(st.text("abc", min_size=1, max_size=3), max_size=30)


def _first(word: str) -> str:
    return word[0]


def test_it_interleaves_the_groups() -> None:
    assert round_robin(["a1", "a2", "a3", "b1", "c1", "b2"], _first) == [
        "a1", "b1", "c1", "a2", "b2", "a3",
    ]  # fmt: skip


@given(words)
def test_it_keeps_the_order_within_a_round_robin_group(items: list[str]) -> None:
    ordered = round_robin(items, _first)

    assert Counter(ordered) == Counter(items)
    for group in "abc":
        assert [w for w in ordered if w[0] == group] == [w for w in items if w[0] == group]


@given(words)
def test_it_serves_each_group_once_before_any_twice(items: list[str]) -> None:
    ordered = round_robin(items, _first)

    groups = {word[0] for word in items}
    assert {word[0] for word in ordered[: len(groups)]} == groups


def test_it_takes_the_first_of_each_key() -> None:
    items = [("a", 1), ("b", 2), ("a", 3), (None, 4), (None, 5)]

    assert one_per_key(items, lambda item: item[0]) == [("a", 1), ("b", 2), (None, 4), (None, 5)]


def test_it_serves_the_least_recently_served_group_first() -> None:
    turns = LeastRecentlyServed()
    for group in ("a", "b"):
        turns.serve(group)

    assert turns.order(["a1", "b1", "c1", "a2"], _first) == ["c1", "a1", "b1", "a2"]
    turns.serve("a")
    assert turns.order(["a1", "b1"], _first) == ["b1", "a1"]


def test_it_serves_a_returning_group_first_again() -> None:
    turns = LeastRecentlyServed()
    for group in ("a", "b"):
        turns.serve(group)
    turns.order(["a1"], _first)  # nothing of b waits: it is forgotten

    assert turns.order(["a1", "b1"], _first) == ["b1", "a1"]


def test_it_does_not_delay_groups_behind_a_long_one() -> None:
    turns, served = LeastRecentlyServed(), []
    waiting = [f"a{n}" for n in range(1_000)] + ["b0", "b1"]
    for _ in range(4):
        item = turns.order(waiting, _first)[0]
        turns.serve(item[0])
        waiting.remove(item)
        served.append(item)

    assert served == ["a0", "b0", "a1", "b1"]
