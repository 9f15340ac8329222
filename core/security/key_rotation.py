"""Key rotation for all encrypted columns: which keys they need, and how to re-encrypt them.

It reads the rows of all tenants, but returns no plain text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Substr

from core.security.encryption import (
    KEY_ID_AT,
    KEY_ID_LENGTH,
    SealBroken,
    Sealed,
    SealedTextField,
    key_ids,
    seal,
)

BATCH_ROWS = 500
_NAMED = 3


@dataclass(frozen=True)
class RotatedBatch:
    """The result for up to ``BATCH_ROWS`` rows: re-encrypted (``resealed``), not decryptable by
    any key (``broken``), or skipped because they were written concurrently (``overtaken``)."""

    resealed: int = 0
    broken: int = 0
    overtaken: int = 0

    @property
    def checked(self) -> int:
        return self.resealed + self.broken + self.overtaken

    def __add__(self, other: RotatedBatch) -> RotatedBatch:
        return RotatedBatch(
            self.resealed + other.resealed,
            self.broken + other.broken,
            self.overtaken + other.overtaken,
        )


@dataclass(frozen=True)
class Unopenable:
    """Rows of a column that need a missing key. ``first``: the primary keys of the first few."""

    column: str
    key_id: str
    rows: int
    first: list[str]


def sealed_fields() -> list[SealedTextField]:
    """Return the encrypted fields of all models."""
    return [
        field
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, SealedTextField)
    ]


def reseal(field: SealedTextField, *, dry_run: bool = False) -> Iterator[RotatedBatch]:
    """Re-encrypt with the first key all values that another key has encrypted, one batch per
    transaction. With ``dry_run`` only decrypt them. Rows are not locked: a concurrent write
    wins."""
    first, after = key_ids()[0], None
    while True:
        rows = _filled(field).exclude(sealed_by=first).order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after)
        found = list(rows.values_list("pk", field.attname)[:BATCH_ROWS])
        if not found:
            return
        after = found[-1][0]
        with transaction.atomic():
            became = Counter(_reseal_row(field, pk, old, dry_run) for pk, old in found)
        yield RotatedBatch(became["resealed"], became["broken"], became["overtaken"])


def unopenable() -> list[Unopenable]:
    """Return which rows need a missing key. Runs one grouped query per encrypted column and
    compares key ids only, so it does not detect tampering."""
    known = key_ids()
    return [
        Unopenable(field.purpose, key_id, rows, _first_of(field, key_id))
        for field in sealed_fields()
        for key_id, rows in _filled(field)
        .order_by("sealed_by")
        .values_list("sealed_by")
        .annotate(Count("pk"))
        if key_id not in known
    ]


def _filled(field: SealedTextField) -> QuerySet[Any]:
    """Return the rows with a value in ``field``, annotated with its key id (``sealed_by``)."""
    key = Substr(F(field.attname), KEY_ID_AT, KEY_ID_LENGTH)
    rows: models.Manager[Any] = field.model._base_manager
    filled = rows.exclude(**{field.attname: ""}).exclude(**{f"{field.attname}__isnull": True})
    keyed: QuerySet[Any] = filled.annotate(sealed_by=key)
    return keyed


def _first_of(field: SealedTextField, key_id: str) -> list[str]:
    rows = _filled(field).filter(sealed_by=key_id).order_by("pk")
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:_NAMED]]


def _reseal_row(field: SealedTextField, pk: Any, old: Sealed, dry_run: bool) -> str:
    try:
        plain = old.open()
    except SealBroken:
        return "broken"
    if dry_run:
        return "resealed"
    same = field.model._base_manager.filter(pk=pk, **{field.attname: old})
    new = Sealed(seal(plain, field.purpose), field.purpose)
    return "resealed" if same.update(**{field.attname: new}) else "overtaken"
