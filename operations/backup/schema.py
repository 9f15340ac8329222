"""Compare the database schema of a backup with this installation's."""

from __future__ import annotations

import tomllib
from collections.abc import Collection

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from operations.backup.errors import BackupRefused
from operations.backup.inventory import included_models

_MAX_NAMED = 3
# The names of an older version for migrations of models that moved to another app.
_MOVED_MIGRATIONS = {"config.0001_installation": "operations.0001_installation_from_config"}

# Migrations that change no column of an older table, or only let a constraint accept more: a
# backup made without them fits all the same.
_FITS_WITHOUT = frozenset(
    {
        "locations.0008_reword_labels",
        "locations.0009_trial_starts",
        "locations.0011_exports",
        "notifications.0009_reword_labels",
        "notifications.0010_export_notices",
        "notifications.0012_fair_queues",
        "sessions_app.0013_other_number",
    }
)

# Migrations that only add columns which may be empty: rows of a backup made without them leave
# these columns empty.
_ADDS_EMPTY_COLUMNS = frozenset(
    {
        "locations.0010_invitation_sender",
        "locations.0012_deletions_of_locations",
        "notifications.0011_deletions_of_webhooks",
        "sessions_app.0012_connect_link_creator",
    }
)


def app_version() -> str:
    """Return the version of the product, or "" if it is unknown."""
    try:
        pyproject = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return ""
    return str(pyproject["project"]["version"])


def applied_migrations() -> list[str]:
    """Return the applied migrations of all apps with models in a backup, as ``app.name``."""
    loader = MigrationLoader(connection)
    apps = {model._meta.app_label for model in included_models()}
    return sorted(f"{app}.{name}" for app, name in loader.applied_migrations if app in apps)


def _has_unapplied_migrations() -> bool:
    loader = MigrationLoader(connection)
    return bool(set(loader.graph.nodes) - set(loader.applied_migrations))


def check_fits(migrations: Collection[str]) -> None:
    """Check that a backup of a database with ``migrations`` fits this database. Raises
    BackupRefused, with what to do, when another version made it or migrations are missing here."""
    if _has_unapplied_migrations():
        raise BackupRefused("The database is not up to date: run manage.py migrate first.")
    here = set(applied_migrations())
    in_backup = {_MOVED_MIGRATIONS.get(name, name) for name in migrations}
    if newer := sorted(in_backup - here):
        raise BackupRefused(
            "This backup was made by a newer version of Pairline, which has "
            f"{_first_names(newer)}. Install that version (or a later one) and restore with it."
        )
    if missing := sorted(here - in_backup - _FITS_WITHOUT - _ADDS_EMPTY_COLUMNS):
        raise BackupRefused(
            "This backup was made by an older version of Pairline, without "
            f"{_first_names(missing)}. Install that version, restore the backup there, then update "
            "it and run manage.py migrate."
        )


def _first_names(migrations: list[str]) -> str:
    more = len(migrations) - _MAX_NAMED
    return ", ".join(migrations[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
