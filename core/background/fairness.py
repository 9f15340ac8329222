"""Share limited room fairly, so that one busy account does not delay the others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def round_robin(items: Iterable[Item], group: Callable[[Item], Hashable]) -> list[Item]:
    """Interleave the groups of ``items``: the first item of each group, then the second of each.

    Items keep their order within a group, and groups the order of their first items.
    """
    position: dict[Hashable, int] = {}
    ranked: list[tuple[int, Item]] = []
    for item in items:
        position[group(item)] = position.get(group(item), -1) + 1
        ranked.append((position[group(item)], item))
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]


def one_per_key(items: Iterable[Item], key: Callable[[Item], Hashable | None]) -> list[Item]:
    """Return the first item of each key, and every item without a key (None), in their order."""
    seen: set[Hashable] = set()
    first: list[Item] = []
    for item in items:
        value = key(item)
        if value is None or value not in seen:
            first.append(item)
            seen.add(value)
    return first


class LeastRecentlyServed:
    """Orders items so that the groups served longest ago come first."""

    def __init__(self) -> None:
        self._served: dict[Hashable, int] = {}  # group -> when, as a count of servings
        self._count = 0

    def order(self, items: Iterable[Item], group: Callable[[Item], Hashable]) -> list[Item]:
        """Return ``items`` round robin between groups, the least recently served group first.

        A group without an item is forgotten: it comes first when it is back.
        """
        waiting = list(items)
        present = {group(item) for item in waiting}
        self._served = {key: at for key, at in self._served.items() if key in present}
        waiting.sort(key=lambda item: self._served.get(group(item), 0))
        return round_robin(waiting, group)

    def serve(self, group: Hashable) -> None:
        """Record that an item of ``group`` is being worked on now."""
        self._count += 1
        self._served[group] = self._count
