"""Which state of the tables a backup has, and whether it fits this installation's."""

from __future__ import annotations

import tomllib
from collections.abc import Collection

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from operations.backup.archive import FORMAT
from operations.backup.errors import Refused
from operations.backup.inventory import kept_models

_NAMED = 3
# Migrations of models that moved to another app: as an older version has them, and as we do.
_MOVED = {"config.0001_installation": "operations.0001_installation_from_config"}


def app_version() -> str:
    """The version of the product, "" where nothing says it."""
    try:
        told = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return ""
    return str(told["project"]["version"])


def applied_migrations() -> list[str]:
    """The migrations of the tables in a backup that this database has, as ``app.name``."""
    loader = MigrationLoader(connection)
    apps = {model._meta.app_label for model in kept_models()}
    return sorted(f"{app}.{name}" for app, name in loader.applied_migrations if app in apps)


def _unapplied() -> bool:
    loader = MigrationLoader(connection)
    return bool(set(loader.graph.nodes) - set(loader.applied_migrations))


def check_fits(made_with: int, migrations: Collection[str]) -> None:
    """Raises Refused, with what to do, when a backup of that format and with these migrations
    was made by a newer version or an older one, or this database is not migrated."""
    if made_with > FORMAT:
        raise Refused("This backup was made by a newer version of Pairline: install that first.")
    if _unapplied():
        raise Refused("The database is not up to date: run manage.py migrate first.")
    here, there = set(applied_migrations()), {_MOVED.get(name, name) for name in migrations}
    if newer := sorted(there - here):
        raise Refused(
            "This backup was made by a newer version of Pairline, which has "
            f"{_named(newer)}. Install that version (or a later one) and restore with it."
        )
    if missing := sorted(here - there):
        raise Refused(
            f"This backup was made by an older version of Pairline, without {_named(missing)}. "
            "Install that version, restore there, then update it and run manage.py migrate."
        )


def _named(migrations: list[str]) -> str:
    more = len(migrations) - _NAMED
    return ", ".join(migrations[:_NAMED]) + (f" and {more} more" if more > 0 else "")
