"""Which rows of a backup belong to one account, or to one session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Model

from locations.models import User
from operations.backup.archive import Archive
from operations.backup.inventory import entry_of, kept_models, links_of, may_lack, parents_of
from operations.backup.row_format import Row

Rows = Iterator[tuple[type[Model], Row]]


def below(root: type[Model]) -> list[type[Model]]:
    """``root`` and the models whose rows lean on its rows, each after those that it leans on."""
    found: list[type[Model]] = []
    for model in kept_models():
        if model is root or parents_of(model) & set(found):
            found.append(model)
    return found


def rows_below(
    archive: Archive,
    root: type[Model],
    key: str,
    wanted: Callable[[type[Model]], bool] = lambda model: True,
) -> Rows:
    """The row ``key`` of ``root`` and all that leans on it, in an order in which they can be
    written. Of models that are not ``wanted``, and that no other leans on, nothing is read."""
    family = below(root)
    needed = {remote for model in family for remote in parents_of(model)}
    kept: dict[Any, set[Any]] = defaultdict(set)
    for model in family:
        if not (model in needed or wanted(model)):
            continue
        name = key_of(model)
        links = [(column, remote) for column, remote in links_of(model) if remote in family]
        for row in archive.rows(entry_of(model)):
            if row[name] == key if model is root else _leans(row, links, kept):
                if model in needed:
                    kept[model].add(row[name])
                yield model, row


def _leans(row: Row, links: list[tuple[str, type[Model]]], kept: dict[Any, set[Any]]) -> bool:
    return any(row[column] in kept[remote] for column, remote in links)


def key_of(model: type[Model]) -> str:
    """The name of the column with the primary key."""
    primary = model._meta.pk
    assert primary is not None  # noqa: S101  every model has one
    return str(primary.attname)


def people_of(archive: Archive, root: type[Model], key: str) -> set[str]:
    """The users that the rows below ``key`` of ``root`` cannot be without."""
    found = set()
    for model, row in rows_below(archive, root, key, lambda model: User in parents_of(model)):
        for column, remote in links_of(model):
            if remote is User and row[column] is not None and not may_lack(model, column):
                found.add(str(row[column]))
    return found


def own_models_of_users() -> list[type[Model]]:
    """What a person has for himself, whatever the accounts: addresses, second steps."""
    return [model for model in kept_models() if parents_of(model) == {User}]
