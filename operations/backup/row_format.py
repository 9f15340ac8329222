"""Rows as JSON lines, independent of the database engine and of the installation's keys.

Sealed columns are opened: the backup is sealed as a whole, and whoever restores it may have
other FIELD_ENCRYPTION_KEYS. What no key opens goes as it stands. Permissions, which migrations
number as they like, go by their words.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.db.models import Field, ForeignKey, Model

from core.security.encryption import SealBroken, Sealed
from locations.auth import mfa_secrets
from operations.backup.errors import Refused
from operations.backup.inventory import BLANK, FORMER_LABELS, label_of, links_of

ROWS_AT_ONCE = 1000
_STEP_SECRETS = ("secret", "seed")

Row = dict[str, Any]


def lines_of(model: type[Model]) -> Iterator[str]:
    """Every row of ``model``, in the order of its keys."""
    columns = [field.attname for field in model._meta.concrete_fields]
    blank = BLANK.get(label_of(model), {})
    by_words = [name for name, remote in links_of(model) if remote is Permission]
    words = _words_of_permissions() if by_words else {}
    rows = model._base_manager.order_by("pk").values_list(*columns)
    for values in rows.iterator(chunk_size=ROWS_AT_ONCE):
        row = dict(zip(columns, values, strict=True))
        row.update(blank)
        for name in by_words:
            row[name] = words[row[name]]
        if model is Authenticator:
            row["data"] = _opened_step(row["data"])
        yield json.dumps(row, default=_plain, separators=(",", ":"))


def _plain(value: object) -> Any:
    if isinstance(value, Sealed):
        try:
            return value.open()
        except SealBroken:
            return value.text
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"A backup does not know how to write a {type(value).__name__}.")


def _opened_step(data: Mapping[str, Any]) -> Row:
    """The seeds of a second step in clear; one that no key opens stays sealed."""
    opened = dict(data)
    for name in _STEP_SECRETS:
        if name in data:
            try:
                opened[name] = mfa_secrets.opened(data[name])
            except SealBroken:
                continue
    return opened


def _sealed_step(data: Mapping[str, Any]) -> Row:
    sealed = dict(data)
    for name in _STEP_SECRETS:
        text = data.get(name)
        if text and "." not in text:  # seeds have no dot, what stayed sealed has
            sealed[name] = mfa_secrets.sealed(text)
    return sealed


@cache
def _fields(model: type[Model]) -> dict[str, Field[Any, Any]]:
    return {field.attname: field for field in model._meta.concrete_fields}


def object_of(model: type[Model], row: Row) -> Model:
    """The row as an object of ``model`` that is not saved yet. Raises Refused when the column
    of a value is not known here."""
    fields, values = _fields(model), {}
    for name, value in row.items():
        if name not in fields:
            raise Refused(f"{model._meta.label} has no column {name} here.")
        values[name] = value if value is None else _value_of(fields[name], value)
    if model is Authenticator:
        values["data"] = _sealed_step(row["data"])
    return model(**values)


def _value_of(field: Field[Any, Any], value: Any) -> Any:
    target = field.target_field if isinstance(field, ForeignKey) else field
    if target is Permission._meta.pk:
        return _permission(*value).pk
    return target.to_python(value)


def _permission(codename: str, app: str, model: str) -> Permission:
    for label, former in FORMER_LABELS.items():
        if former.lower() == f"{app}.{model}":
            app, _, model = label.lower().partition(".")
    return Permission.objects.get_by_natural_key(codename, app, model)


def insert(model: type[Model], rows: Iterable[Row]) -> Iterator[list[Model]]:
    """Write ``rows``, some at a time; the objects that were written, with their keys."""
    batch: list[Model] = []
    for row in rows:
        batch.append(object_of(model, row))
        if len(batch) == ROWS_AT_ONCE:
            yield model._base_manager.bulk_create(batch)
            batch = []
    if batch:
        yield model._base_manager.bulk_create(batch)


def _words_of_permissions() -> dict[int, tuple[str, ...]]:
    rows = Permission.objects.select_related("content_type")
    return {row.pk: row.natural_key() for row in rows}
