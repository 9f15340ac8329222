"""A work queue over the rows of a Django model, for SQLite and PostgreSQL.

A worker claims due rows for the time of a lease. Only the claim that holds a row can finish it
or give it back; a row whose worker died is due again once its lease has expired. The columns
that say so are the model's own: a ``QueueSpec`` names them. docs/how-to/add-a-queue.md shows how
to add a queue, docs/decisions/0011-one-row-queue.md why it works this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from core.background.fair_rows import FairRows
from core.background.fairness import one_per_key
from core.data.batch_delete import delete_in_batches

Row = TypeVar("Row", bound=Model)
Moment = datetime | Combinable  # a time, or the database's clock
Select = Callable[[Any, Any], QuerySet[Any]]  # (rows, moment) -> some of the rows
_GIVEN_BACK_AT_ONCE = 100
_ROWS_READ_FOR_ONE = 4  # with a key: the next rows may all have the same


@dataclass(frozen=True)
class Lease:
    """The right to finish a row: valid as long as the columns of ``fence`` keep their values."""

    pk: Any
    fence: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class QueueSpec(Generic[Row]):
    """What makes the rows of ``model`` a queue.

    ``due`` selects the rows that may be claimed at a moment; it must leave out leased rows.
    ``order`` says which come first. ``fence`` names the columns that tell a claim from any other
    claim of the same row. A claim writes ``on_claim`` and these columns, if they are named:

    - ``lease_column``: when the lease expires, ``lease`` from now;
    - ``claimed_at_column``: now;
    - ``counter_column``: counts the claims of the row;
    - ``owner_column``: who claims.

    ``give_back`` writes ``on_give_back``; without it, the lease expires now.

    ``fair_by``: a column, such as ``account_id``. A claim takes one row of each value before it
    takes a second of any, and the values take turns: see ``fair_rows.py``, also for the index that
    this needs. ``key``: a column, such as ``session_id``. A claim takes one row of
    each value (any number of rows where it is NULL), and with ``leased``, which selects the rows
    under a lease, none while another row of that value is leased.

    ``database_clock``: use the clock of the database, for leases that machines with different
    clocks have to agree on.
    """

    model: type[Row]
    due: Select
    order: tuple[str, ...]
    fence: tuple[str, ...] = ()
    lease: timedelta = timedelta()
    lease_column: str = ""
    claimed_at_column: str = ""
    counter_column: str = ""
    owner_column: str = ""
    on_claim: Mapping[str, Any] = field(default_factory=dict)
    on_give_back: Mapping[str, Any] = field(default_factory=dict)
    fair_by: str = ""
    key: str = ""
    leased: Select | None = None
    database_clock: bool = False


class RowQueue(Generic[Row]):
    """The queue that ``spec`` describes. Each method is one short transaction."""

    def __init__(self, spec: QueueSpec[Row]) -> None:
        self._spec = spec
        self._fair = FairRows(spec.fair_by, spec.order) if spec.fair_by else None

    def due(self, rows: QuerySet[Row] | None = None) -> QuerySet[Row]:
        """Return those of ``rows`` (default: all) that may be claimed now, in no order."""
        return self._due(rows, self._now()).order_by()

    def claim(self, limit: int, rows: QuerySet[Row] | None = None, owner: str = "") -> list[Row]:
        """Claim up to ``limit`` due rows of ``rows`` (default: all) and return them in order.

        The rows have the values that the claim has written, except for times of the database's
        clock. Rows that another worker claims at this moment are skipped, not waited for.
        """
        if not self.due(rows).exists():  # most polls: spare them a write transaction
            return []
        if self._spec.fair_by or self._spec.leased:
            return self._claim_chosen(limit, rows, owner)
        with transaction.atomic(savepoint=False):
            at = self._now()
            due = self._due(rows, at).order_by(*self._spec.order)
            return self._mark(self._pick(self._lock(due[: self._window(limit)]), limit), at, owner)

    def lease_of(self, row: Row) -> Lease:
        """Return the lease on ``row``, which has just been claimed."""
        return Lease(row.pk, tuple((name, getattr(row, name)) for name in self._spec.fence))

    def held(self, lease: Lease) -> QuerySet[Row]:
        """Return the row of ``lease``, or no row once another claim or change has taken it."""
        return self._rows().filter(pk=lease.pk, **dict(lease.fence))

    def lock_held(self, lease: Lease) -> QuerySet[Row]:
        """Return ``held(lease)``, locked until the end of the caller's transaction."""
        return self.held(lease).select_for_update(of=("self",))

    def finish(self, lease: Lease, **columns: Any) -> bool:
        """Write ``columns`` to the row. False, and nothing is written, if the lease is lost."""
        return self.held(lease).update(**columns) > 0

    def give_back(self, leases: Iterable[Lease]) -> int:
        """Make rows due again that were not worked on; return how many were still held."""
        given_back, waiting = 0, list(leases)
        columns = {**self._spec.on_give_back}
        if not columns:
            columns[self._spec.lease_column] = self._now()
        while waiting:
            some, waiting = waiting[:_GIVEN_BACK_AT_ONCE], waiting[_GIVEN_BACK_AT_ONCE:]
            held = reduce(or_, (Q(pk=one.pk, **dict(one.fence)) for one in some))
            given_back += self._rows().filter(held).update(**columns)
        return given_back

    def held_by(self, owner: str, rows: QuerySet[Row] | None = None) -> QuerySet[Row]:
        """Return those of ``rows`` (default: all) that ``owner`` has an unexpired lease on."""
        unexpired = {f"{self._spec.lease_column}__gt": self._now()}
        return self._rows(rows).filter(**{self._spec.owner_column: owner}, **unexpired)

    def renew(self, owner: str, rows: QuerySet[Row] | None = None) -> set[Any]:
        """Renew the leases of ``owner`` on ``rows``; return the keys of the rows still held."""
        held = self.held_by(owner, rows)
        held.update(**{self._spec.lease_column: self._now() + self._spec.lease})
        return set(held.values_list("pk", flat=True))

    def forget(self, rows: QuerySet[Row]) -> int:
        """Delete ``rows``, which are too old to keep, in batches; return how many."""
        return delete_in_batches(rows)

    def _claim_chosen(self, limit: int, rows: QuerySet[Row] | None, owner: str) -> list[Row]:
        """Claim rows that one query has chosen and another locks: PostgreSQL does not lock the
        rows of a query that ranks them. If other workers were faster, choose again."""
        claimed: list[Row] = []
        tried: list[Any] = []
        busy: set[Any] = set()
        while (room := limit - len(claimed)) > 0:
            chosen = self._choose(room, rows, tried, busy)
            if not chosen:
                break
            with transaction.atomic(savepoint=False):
                at = self._now()
                due = self._free_keys(self._due(rows, at), at).filter(pk__in=list(chosen))
                locked = {row.pk: row for row in self._lock(due.order_by())}
                claimed += self._mark([locked[pk] for pk in chosen if pk in locked], at, owner)
            if len(locked) == len(chosen):
                break
            tried += chosen
            busy |= {key for key in chosen.values() if key is not None}
        return claimed

    def _choose(
        self, limit: int, rows: QuerySet[Row] | None, tried: list[Any], busy: set[Any]
    ) -> dict[Any, Any]:
        """Return up to ``limit`` due rows as pk -> key, in order; nothing is locked."""
        spec, at = self._spec, self._now()
        due: Any = self._free_keys(self._due(rows, at), at).exclude(pk__in=tried)
        due = due.order_by(*spec.order)
        if spec.key:
            due = due.exclude(**{f"{spec.key}__in": busy})
        key, rows_read = spec.key or "pk", self._window(limit)
        if self._fair is None:
            pairs = due.values_list("pk", key)[:rows_read]
        else:
            pairs = self._fair.first(due, rows_read, key)
        return dict(one_per_key(pairs, lambda pair: pair[1])[:limit])

    def _pick(self, rows: Iterable[Row], limit: int) -> list[Row]:
        """Return the first ``limit`` of ``rows``, one of each key."""
        key = self._spec.key
        return one_per_key(rows, lambda row: getattr(row, key) if key else row.pk)[:limit]

    def _window(self, limit: int) -> int:
        """Return how many rows to read to find ``limit`` with different keys."""
        return limit * _ROWS_READ_FOR_ONE if self._spec.key else limit

    def _free_keys(self, due: QuerySet[Row], at: Moment) -> QuerySet[Row]:
        if self._spec.leased is None:
            return due
        same_key = self._rows().filter(**{self._spec.key: OuterRef(self._spec.key)})
        return due.exclude(Exists(self._spec.leased(same_key, at)))

    def _mark(self, rows: Iterable[Row], at: Moment, owner: str) -> list[Row]:
        """Write the claim to ``rows``, which are locked, in one UPDATE."""
        spec, locked = self._spec, list(rows)
        if not locked:
            return []
        columns: dict[str, Any] = dict(spec.on_claim)
        if spec.lease_column:
            columns[spec.lease_column] = at + spec.lease
        if spec.claimed_at_column:
            columns[spec.claimed_at_column] = at
        if spec.owner_column:
            columns[spec.owner_column] = owner
        for row in locked:
            for name, value in columns.items():
                if not isinstance(value, Combinable):
                    setattr(row, name, value)
            if spec.counter_column:
                setattr(row, spec.counter_column, getattr(row, spec.counter_column) + 1)
        if spec.counter_column:
            columns[spec.counter_column] = F(spec.counter_column) + 1
        self._rows().filter(pk__in=[row.pk for row in locked]).update(**columns)
        return locked

    def _due(self, rows: QuerySet[Row] | None, at: Moment) -> QuerySet[Row]:
        return self._spec.due(self._rows(rows), at)

    def _rows(self, rows: QuerySet[Row] | None = None) -> QuerySet[Row]:
        return self._spec.model._default_manager.all() if rows is None else rows

    def _now(self) -> Any:
        return Now() if self._spec.database_clock else timezone.now()

    @staticmethod
    def _lock(rows: QuerySet[Row]) -> QuerySet[Row]:
        return rows.select_for_update(skip_locked=True, of=("self",))
