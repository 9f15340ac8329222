"""Choose rows so that groups, such as accounts, take turns, at a cost that does not grow with the
number of due rows.

If few rows are due, all of them are read. If many are, the groups are found one by one in the index
(a loose index scan), beginning after the group that was served last. So each group is served once
before any is served again, however many rows another one has. A claim then costs two index lookups
for each group that it serves. This needs an index on (group, order) of the waiting rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

_FEW_ROWS = 200


class FairRows:
    """Turns between the values of the column ``group``; NULL is one of them. ``order``: the columns
    that say which rows come first, ascending and without NULL. ``served``: the value that had the
    last turn. ``few``: the number of rows that are simply read."""

    def __init__(
        self, group: str, order: tuple[str, ...], *, served: Any = None, few: int = _FEW_ROWS
    ) -> None:
        self._group, self._order = group, order
        self._served, self._few = served, few

    def first(self, due: QuerySet[Any], limit: int, column: str) -> list[tuple[Any, Any]]:
        """Return (primary key, ``column``) of up to ``limit`` of the rows ``due``: one of each
        group before a second of any."""
        columns = ("pk", column, self._group, *self._order)
        ordered = due.order_by(*self._order).values_list(*columns)
        enough = limit + self._few
        rows: list[Any] = list(ordered[:enough])
        if len(rows) == enough:  # perhaps all of one group
            groups = self._next_groups(due, limit)
            rows = [row for group in groups for row in ordered.filter(group)[:limit]]
        return [(row[0], row[1]) for row in _by_turns(rows)[:limit]]

    def _next_groups(self, due: QuerySet[Any], most: int) -> list[Q]:
        """Return the filters of up to ``most`` groups with due rows: those whose turn is next."""
        none = Q(**{f"{self._group}__isnull": True})
        groups = [none] if due.filter(none).exists() else []
        values = list(islice(self._values(due, self._served), most))
        if self._served is not None and len(values) < most:  # go on with the first group
            earlier = due.filter(**{f"{self._group}__lte": self._served})
            values += islice(self._values(earlier), most - len(values))
        self._served = values[-1] if values else None
        return groups + [Q(**{self._group: value}) for value in values]

    def _values(self, rows: QuerySet[Any], after: Any = None) -> Iterator[Any]:
        """Yield each value of the group once, in the order of the index, with a lookup for each."""
        rows = rows.filter(**{f"{self._group}__isnull": False}).order_by(self._group)
        while True:
            later = rows if after is None else rows.filter(**{f"{self._group}__gt": after})
            after = later.values_list(self._group, flat=True).first()
            if after is None:
                return
            yield after


def _by_turns(rows: list[Any]) -> list[Any]:
    """Return ``rows``, each (key, column, group, order…): the first of each group in their order,
    then the second of each, and so on."""
    turns: Counter[Any] = Counter()
    ranked = []
    for row in sorted(rows, key=lambda row: row[3:]):
        ranked.append((turns[row[2]], row))
        turns[row[2]] += 1
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]
