"""Rows as JSON lines, independent of the database engine and of the installation's keys.

Encrypted columns are decrypted: the backup is encrypted as a whole, and the installation that
restores it may have other FIELD_ENCRYPTION_KEYS. A value that no key decrypts stays as it is.
Permissions have different ids in every database, so rows refer to them by natural key.
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
from operations.backup.errors import BackupRefused
from operations.backup.inventory import BLANK, FORMER_LABELS, foreign_keys, model_label

BATCH_ROWS = 1000
_SECOND_STEP_SECRETS = ("secret", "seed")

BackupRow = dict[str, Any]


def json_lines(model: type[Model]) -> Iterator[str]:
    """Yield every row of ``model`` as a line of JSON, ordered by primary key."""
    columns = [field.attname for field in model._meta.concrete_fields]
    blank = BLANK.get(model_label(model), {})
    to_permissions = [name for name, remote in foreign_keys(model) if remote is Permission]
    permissions = _permission_keys() if to_permissions else {}
    rows = model._base_manager.order_by("pk").values_list(*columns)
    for values in rows.iterator(chunk_size=BATCH_ROWS):
        row = dict(zip(columns, values, strict=True))
        row.update(blank)
        for name in to_permissions:
            row[name] = permissions[row[name]]
        if model is Authenticator:
            row["data"] = _decrypt_second_step(row["data"])
        yield json.dumps(row, default=_to_json, separators=(",", ":"))


def _to_json(value: object) -> Any:
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
    raise TypeError(f"A backup cannot store a {type(value).__name__}.")


def _decrypt_second_step(data: Mapping[str, Any]) -> BackupRow:
    """Decrypt the seeds of a second step; one that no key decrypts stays as it is."""
    decrypted = dict(data)
    for name in _SECOND_STEP_SECRETS:
        if name in data:
            try:
                decrypted[name] = mfa_secrets.opened(data[name])
            except SealBroken:
                continue
    return decrypted


def _encrypt_second_step(data: Mapping[str, Any]) -> BackupRow:
    encrypted = dict(data)
    for name in _SECOND_STEP_SECRETS:
        text = data.get(name)
        if text and "." not in text:  # seeds contain no dot, encrypted values do
            encrypted[name] = mfa_secrets.sealed(text)
    return encrypted


@cache
def _fields_by_column(model: type[Model]) -> dict[str, Field[Any, Any]]:
    return {field.attname: field for field in model._meta.concrete_fields}


def to_object(model: type[Model], row: BackupRow) -> Model:
    """Return ``row`` as an unsaved object of ``model``. Raises BackupRefused when it has a column
    that the model does not have."""
    fields, values = _fields_by_column(model), {}
    for name, value in row.items():
        if name not in fields:
            raise BackupRefused(f"{model._meta.label} has no column {name} here.")
        values[name] = value if value is None else _to_python(fields[name], value)
    if model is Authenticator:
        values["data"] = _encrypt_second_step(row["data"])
    return model(**values)


def _to_python(field: Field[Any, Any], value: Any) -> Any:
    target = field.target_field if isinstance(field, ForeignKey) else field
    if target is Permission._meta.pk:
        return _find_permission(*value).pk
    return target.to_python(value)


def _find_permission(codename: str, app: str, model: str) -> Permission:
    for label, former in FORMER_LABELS.items():
        if former.lower() == f"{app}.{model}":
            app, _, model = label.lower().partition(".")
    return Permission.objects.get_by_natural_key(codename, app, model)


def insert(model: type[Model], rows: Iterable[BackupRow]) -> Iterator[list[Model]]:
    """Write ``rows`` in batches; yield the objects of each batch, with their primary keys."""
    batch: list[Model] = []
    for row in rows:
        batch.append(to_object(model, row))
        if len(batch) == BATCH_ROWS:
            yield model._base_manager.bulk_create(batch)
            batch = []
    if batch:
        yield model._base_manager.bulk_create(batch)


def _permission_keys() -> dict[int, tuple[str, ...]]:
    rows = Permission.objects.select_related("content_type")
    return {row.pk: row.natural_key() for row in rows}
