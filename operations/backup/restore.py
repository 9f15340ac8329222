"""Puts a whole backup into an empty installation: all of it, or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.core.management.color import no_style
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from locations.audit import Verb, record
from locations.models import Account, User
from locations.principals import Principal
from operations.backup import schema
from operations.backup.archive import Archive, archive_in
from operations.backup.errors import Damaged, Refused
from operations.backup.inventory import entry_in, kept_models
from operations.backup.keys.export import Tell
from operations.backup.keys.placement import Placement, check_no_keys, check_store
from operations.backup.restored_rows import settled
from operations.backup.row_format import insert
from operations.backup.secret import Secret
from operations.backup.verify import Contents, check, contents_of
from sessions_app.diagnostics.rules import ALIVE_SECONDS
from sessions_app.models import Gateway

OPERATOR = Principal(roles={}, name="Operator (restore)")


@dataclass(frozen=True)
class Restored:
    """What was put back: rows, numbers with their keys, accounts by name, and the seconds."""

    rows: int
    keys: int
    accounts: list[str]
    seconds: float


@contextmanager
def sound(path: Path, secret: Secret, tell: Tell) -> Iterator[tuple[Archive, Contents]]:
    """The backup at ``path``, which was read whole first and fits this installation's tables.
    Raises BackupError."""
    check(path, secret, tell)
    with archive_in(path, secret) as archive:
        contents = contents_of(archive)
        schema.check_fits(contents.format, contents.migrations)
        check_store(contents.key_store)
        yield archive, contents


@contextmanager
def clear_conflicts() -> Iterator[None]:
    """Says in a sentence what the database refused. Nothing of it has been written then."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise Refused(
            f"What is in the backup does not go with what is here, and nothing was changed: {first}"
        ) from None


def restore_all(path: Path, secret: Secret, tell: Tell) -> Restored:
    """Put everything of the backup at ``path`` into this installation, which must be empty.
    Raises BackupError; nothing has changed then."""
    began = time.monotonic()
    check_empty()
    with sound(path, secret, tell) as (archive, contents):
        check_no_keys()
        placement = Placement(archive, with_keys(archive, contents), tell, whole=True)
        with clear_conflicts(), placement.around(), transaction.atomic():
            check_empty()
            with placement.within():
                _empty_tables()
                written = _write_rows(archive, contents, tell)
                _note(contents)
    names = [account.name for account in contents.accounts]
    return Restored(written, contents.keys, names, time.monotonic() - began)


def check_empty() -> None:
    """Raises Refused when a gateway runs here, or somebody has an account or could sign in."""
    now = timezone.now()
    for gateway in Gateway.objects.filter(stopped_at__isnull=True):
        if (now - gateway.heartbeat_at).total_seconds() <= ALIVE_SECONDS:
            raise Refused(
                f"A gateway runs on this installation ({gateway.host}, process {gateway.pid}): "
                "stop serve and run_gateway first."
            )
    accounts, users = Account.objects.count(), User.objects.count()
    if accounts or users:
        raise Refused(
            f"This installation is not empty (accounts: {accounts}, people: {users}). A "
            "whole backup goes into a freshly migrated one (another DATABASE_URL and DATA_DIR, "
            "then manage.py migrate). For a part of it give --account or --session."
        )


def with_keys(archive: Archive, contents: Contents) -> dict[str, str]:
    """The sessions of the backup whose keys are in it, and the device (JID) of each."""
    missing = set(contents.without_keys)
    rows = archive.rows("rows/sessions_app.Session.jsonl")
    return {row["id"]: row["jid"] for row in rows if row["jid"] and row["id"] not in missing}


def _empty_tables() -> None:
    """What migrations wrote comes with the backup, too."""
    for model in reversed(kept_models()):
        model._base_manager.all().delete()


def _write_rows(archive: Archive, contents: Contents, tell: Tell) -> int:
    total, written = sum(contents.rows.values()), 0
    names = _row_entries(archive)
    entries = {model: entry_in(names, model) for model in kept_models()}
    if unknown := set(entries.values()) ^ names:
        raise Damaged(f"This backup and this version differ in {', '.join(sorted(unknown))}.")
    for model, entry in entries.items():
        label = model._meta.label
        for batch in insert(model, (settled(label, row) for row in archive.rows(entry))):
            written += len(batch)
            tell("rows", written, total)
    for statement in connection.ops.sequence_reset_sql(no_style(), list(entries)):
        with connection.cursor() as cursor:
            cursor.execute(statement)
    return written


def _row_entries(archive: Archive) -> set[str]:
    return {name for name in archive.names() if name.startswith("rows/")}


def _note(contents: Contents) -> None:
    for account in contents.accounts:
        detail = f"With the whole installation, from a backup of {contents.made_at}"
        record(OPERATOR, UUID(account.id), Verb.ACCOUNT_RESTORED, account.name, detail)
