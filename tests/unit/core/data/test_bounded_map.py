"""A mapping that forgets what was not used for longest."""

from __future__ import annotations

from core.data.bounded_map import BoundedMap


def test_it_keeps_no_more_keys_than_its_limit() -> None:
    known: BoundedMap[int, str] = BoundedMap(3)

    for number in range(1_000):
        known.put(number, str(number))

    assert len(known) == 3
    assert [number for number in range(1_000) if number in known] == [997, 998, 999]


def test_it_forgets_the_least_recently_used_key() -> None:
    known: BoundedMap[str, int] = BoundedMap(2)
    known.put("a", 1)
    known.put("b", 2)
    assert known.get("a") == 1

    known.put("c", 3)

    assert (known.get("a"), known.get("b"), known.get("c")) == (1, None, 3)


def test_it_forgets_a_discarded_key() -> None:
    known: BoundedMap[str, int] = BoundedMap(2)
    known.put("a", 1)

    known.discard("a")
    known.discard("unknown")

    assert known.get("a") is None
