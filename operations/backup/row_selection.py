"""Select the rows of a backup that belong to one account or one session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Model

from locations.models import User
from operations.backup.archive import ArchiveReader
from operations.backup.inventory import (
    entry_name,
    foreign_keys,
    included_models,
    is_nullable_reference,
    referenced_models,
)
from operations.backup.row_format import BackupRow

ModelRows = Iterator[tuple[type[Model], BackupRow]]


def dependent_models(root: type[Model]) -> list[type[Model]]:
    """Return ``root`` and the models that reference it, directly or indirectly, each after the
    models that it references."""
    found: list[type[Model]] = []
    for model in included_models():
        if model is root or referenced_models(model) & set(found):
            found.append(model)
    return found


def dependent_rows(
    archive: ArchiveReader,
    root: type[Model],
    key: str,
    wanted: Callable[[type[Model]], bool] = lambda model: True,
) -> ModelRows:
    """Yield the row ``key`` of ``root`` and all rows that depend on it, in an order in which they
    can be written. Models that are not ``wanted``, and not referenced by others, are not read."""
    family = dependent_models(root)
    referenced = {remote for model in family for remote in referenced_models(model)}
    kept: dict[Any, set[Any]] = defaultdict(set)
    for model in family:
        if not (model in referenced or wanted(model)):
            continue
        name = primary_key_column(model)
        links = [(column, remote) for column, remote in foreign_keys(model) if remote in family]
        for row in archive.rows(entry_name(model)):
            if row[name] == key if model is root else _refers_to_kept(row, links, kept):
                if model in referenced:
                    kept[model].add(row[name])
                yield model, row


def _refers_to_kept(
    row: BackupRow, links: list[tuple[str, type[Model]]], kept: dict[Any, set[Any]]
) -> bool:
    return any(row[column] in kept[remote] for column, remote in links)


def primary_key_column(model: type[Model]) -> str:
    """Return the name of the primary key column."""
    primary = model._meta.pk
    assert primary is not None  # noqa: S101  every model has one
    return str(primary.attname)


def required_users(archive: ArchiveReader, root: type[Model], key: str) -> set[str]:
    """Return the ids of the users that the dependents of the row ``key`` of ``root`` require."""
    found = set()
    for model, row in dependent_rows(
        archive, root, key, lambda model: User in referenced_models(model)
    ):
        for column, remote in foreign_keys(model):
            if (
                remote is User
                and row[column] is not None
                and not is_nullable_reference(model, column)
            ):
                found.add(str(row[column]))
    return found


def user_models() -> list[type[Model]]:
    """Return the models that belong to a user alone, such as e-mail addresses and second steps."""
    return [model for model in included_models() if referenced_models(model) == {User}]
