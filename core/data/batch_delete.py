"""Delete many rows without blocking those who write at the same time.

Rows are deleted bottom up, one batch per transaction: first the rows that depend on a row, then the
row. A deletion that was cut off goes on when it is started again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import CASCADE, SET_NULL, Model, QuerySet
from django.db.models.deletion import get_candidate_relations_to_delete

from core.data.deletion_pace import BatchSize, run_paced

BATCH_ROWS = 500
# PostgreSQL reads past rows that were deleted a moment ago, so keys are read for many batches.
_KEYS_AT_ONCE = 20 * BATCH_ROWS


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete ``rows`` and what depends on them, with pauses between the batches.

    Returns how many of ``rows`` were deleted. Rows that are added meanwhile may be included.
    """
    return sum(run_paced(deletion_steps(rows)))


def deletion_steps(rows: QuerySet[Any], in_the_last: Collection[type[Model]] = ()) -> Iterator[int]:
    """Delete ``rows`` and what depends on them; each step of the iterator is one short transaction
    of at most ``BATCH_ROWS`` rows, and yields how many of ``rows`` themselves it deleted.

    ``in_the_last``: models of a few rows each that are deleted in one transaction with the row
    that they depend on.
    """
    return _steps(rows, rows, BatchSize(BATCH_ROWS), in_the_last)


def is_large(row: Model) -> bool:
    """Return whether more than ``BATCH_ROWS`` rows depend on ``row``, too many to delete in one
    transaction. Rows that depend on it in two ways may count twice."""
    return _count_below(type(row), [row.pk], BATCH_ROWS + 1) > BATCH_ROWS


def _count_below(model: type[Model], keys: list[Any], most: int) -> int:
    count = 0
    relations: Iterable[Any] = get_candidate_relations_to_delete(model._meta)
    for relation in relations:
        if relation.on_delete is CASCADE and count < most:
            rows = relation.related_model._base_manager.filter(
                **{f"{relation.field.name}__in": keys}
            )
            below = list(rows.order_by().values_list("pk", flat=True)[: most - count])
            count += len(below)
            if below:
                count += _count_below(relation.related_model, below, most - count)
    return count


def _steps(
    rows: QuerySet[Any],
    among: QuerySet[Any],
    size: BatchSize,
    in_the_last: Collection[type[Model]],
) -> Iterator[int]:
    """Delete ``rows``; each batch again only those that are still ``among``."""
    while keys := list(rows.order_by().values_list("pk", flat=True)[:_KEYS_AT_ONCE]):
        deleted = 0
        for batch in size.batches(keys):
            for _ in _steps_below(rows.model, batch, size, in_the_last):
                yield 0
            with size.transaction():
                _, counts = among.filter(pk__in=batch).delete()
            deleted += (count := counts.get(rows.model._meta.label, 0))
            yield count
        if len(keys) < _KEYS_AT_ONCE or not deleted:
            break


def _steps_below(
    model: type[Model], keys: list[Any], size: BatchSize, in_the_last: Collection[type[Model]]
) -> Iterator[int]:
    """Delete the rows that depend on the rows of ``model`` with ``keys``, or detach them."""
    relations: Iterable[Any] = get_candidate_relations_to_delete(model._meta)
    for relation in relations:
        below: Any = relation.related_model
        rows = below._base_manager.filter(**{f"{relation.field.name}__in": keys})
        if relation.on_delete is CASCADE and below not in in_the_last:
            # By key alone: with the foreign key in its condition, SQLite would search through all
            # rows of the parent for each batch (measured).
            yield from _steps(rows, below._base_manager.all(), size, in_the_last)
        elif relation.on_delete is SET_NULL:
            yield from _detaching_steps(rows, relation.field.name, size)


def _detaching_steps(rows: QuerySet[Any], field: str, size: BatchSize) -> Iterator[int]:
    while keys := list(rows.order_by().values_list("pk", flat=True)[:_KEYS_AT_ONCE]):
        for batch in size.batches(keys):
            with size.transaction():
                rows.model._base_manager.filter(pk__in=batch).update(**{field: None})
            yield 0
