"""Read many rows in short queries, so that no transaction stays open between them.

An open cursor is a read transaction: on SQLite the write-ahead log could not shrink meanwhile, and
on PostgreSQL old row versions could not be removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

BATCH_ROWS = 500


def values_in_batches(rows: QuerySet[Any], *fields: str) -> Iterator[tuple[Any, ...]]:
    """Yield the values of ``fields`` of each row, in the order of ``rows``.

    ``rows`` are ordered by names of columns, all ascending or all descending, without NULL, and
    the last one unique among rows that are equal in the others. Raises ValueError if they are not.
    Rows that are added meanwhile may be included.
    """
    names, descending = _order(rows)
    batch = rows.values_list(*fields, *names)
    last: tuple[Any, ...] = ()
    while True:
        found = list(
            (batch.filter(_after(names, last, descending)) if last else batch)[:BATCH_ROWS]
        )
        yield from (values[: len(fields)] for values in found)
        if len(found) < BATCH_ROWS:
            return
        last = found[-1][len(fields) :]


def _order(rows: QuerySet[Any]) -> tuple[list[str], bool]:
    given = [str(name) for name in rows.query.order_by or rows.model._meta.ordering]
    descending = {name.startswith("-") for name in given}
    if len(descending) != 1:
        raise ValueError("the rows need an order with one direction")
    return [name.removeprefix("-") for name in given], descending.pop()


def _after(names: list[str], last: tuple[Any, ...], descending: bool) -> Q:
    """Return the condition for rows after ``last``, the values of ``names`` in one row."""
    further = "lt" if descending else "gt"
    # Implied by the rest, but it lets the database begin in the middle of an index.
    bound = Q(**{f"{names[0]}__{further}e": last[0]})
    same, after = Q(), Q()
    for name, value in zip(names, last, strict=True):
        after |= same & Q(**{f"{name}__{further}": value})
        same &= Q(**{name: value})
    return bound & after
