"""Restore a whole backup into an empty installation: all of it, or nothing."""

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

from locations.audit import record
from locations.models import Account, User
from locations.principals import Principal
from operations.audit_verbs import RestoreVerb
from operations.backup import schema
from operations.backup.archive import ArchiveReader, open_archive
from operations.backup.errors import BackupDamaged, BackupRefused
from operations.backup.inventory import (
    ADDED_LATER,
    entry_name,
    find_entry,
    included_models,
    model_label,
)
from operations.backup.keys.placement import KeyPlacement, check_no_keys, check_store
from operations.backup.progress import ReportProgress
from operations.backup.restored_rows import adjusted
from operations.backup.row_format import insert
from operations.backup.secret import Secret
from operations.backup.verify import BackupContents, read_contents, verify_backup
from sessions_app.diagnostics.rules import ALIVE_SECONDS
from sessions_app.models import Gateway

OPERATOR = Principal(roles={}, name="Operator (restore)")


@dataclass(frozen=True)
class RestoreResult:
    """The counts of restored rows and of numbers with keys, account names, and seconds taken."""

    rows: int
    keys: int
    accounts: list[str]
    seconds: float


@contextmanager
def open_verified(
    path: Path, secret: Secret, report: ReportProgress
) -> Iterator[tuple[ArchiveReader, BackupContents]]:
    """Open the backup at ``path`` after a complete check: every byte is intact, and it fits this
    installation's schema and key store. Raises BackupError."""
    verify_backup(path, secret, report)
    with open_archive(path, secret) as archive:
        contents = read_contents(archive)
        schema.check_fits(contents.migrations)
        check_store(contents.key_store)
        yield archive, contents


@contextmanager
def refuse_conflicts() -> Iterator[None]:
    """Turn an error of the database into BackupRefused. The transaction has been rolled back."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise BackupRefused(
            f"The backup conflicts with data in this installation; nothing was changed: {first}"
        ) from None


def restore_all(path: Path, secret: Secret, report: ReportProgress) -> RestoreResult:
    """Restore the backup at ``path`` into this installation, which must be empty. Raises
    BackupError and changes nothing on failure."""
    began = time.monotonic()
    check_empty()
    with open_verified(path, secret, report) as (archive, contents):
        check_no_keys()
        placement = KeyPlacement(archive, sessions_with_keys(archive, contents), report, whole=True)
        with refuse_conflicts(), placement.around_transaction(), transaction.atomic():
            check_empty()
            with placement.within_transaction():
                _delete_rows()
                written = _write_rows(archive, contents, report)
                _record_restore(contents)
    names = [account.name for account in contents.accounts]
    return RestoreResult(written, contents.keys, names, time.monotonic() - began)


def check_empty() -> None:
    """Raise BackupRefused when a gateway runs here, or when there are accounts or users."""
    now = timezone.now()
    for gateway in Gateway.objects.filter(stopped_at__isnull=True):
        if (now - gateway.heartbeat_at).total_seconds() <= ALIVE_SECONDS:
            raise BackupRefused(
                f"A gateway runs on this installation ({gateway.host}, process {gateway.pid}): "
                "stop serve and run_gateway first."
            )
    accounts, users = Account.objects.count(), User.objects.count()
    if accounts or users:
        raise BackupRefused(
            f"This installation is not empty (accounts: {accounts}, users: {users}). Restore "
            "a whole backup into a new one: set another DATABASE_URL and DATA_DIR, and run "
            "manage.py migrate. To restore a part, use --account or --session."
        )


def sessions_with_keys(archive: ArchiveReader, contents: BackupContents) -> dict[str, str]:
    """Return the sessions whose keys are in the backup, each with its device (JID)."""
    missing = set(contents.without_keys)
    rows = archive.rows("rows/sessions_app.Session.jsonl")
    return {row["id"]: row["jid"] for row in rows if row["jid"] and row["id"] not in missing}


def _delete_rows() -> None:
    """Delete what migrations created: the backup contains it, too."""
    for model in reversed(included_models()):
        model._base_manager.all().delete()


def _write_rows(archive: ArchiveReader, contents: BackupContents, report: ReportProgress) -> int:
    total, written = sum(contents.rows.values()), 0
    names = _row_entries(archive)
    entries = {model: find_entry(names, model) for model in included_models()}
    lacking = {entry_name(model) for model in entries if model_label(model) in ADDED_LATER} - names
    if unknown := set(entries.values()) ^ names ^ lacking:
        raise BackupDamaged(f"This backup and this version differ in {', '.join(sorted(unknown))}.")
    for model, entry in entries.items():
        label = model._meta.label
        for batch in insert(model, (adjusted(label, row) for row in archive.rows(entry))):
            written += len(batch)
            report("rows", written, total)
    for statement in connection.ops.sequence_reset_sql(no_style(), list(entries)):
        with connection.cursor() as cursor:
            cursor.execute(statement)
    return written


def _row_entries(archive: ArchiveReader) -> set[str]:
    return {name for name in archive.names() if name.startswith("rows/")}


def _record_restore(contents: BackupContents) -> None:
    for account in contents.accounts:
        detail = f"With the whole installation, from a backup of {contents.made_at}"
        record(OPERATOR, UUID(account.id), RestoreVerb.ACCOUNT_RESTORED, account.name, detail)
