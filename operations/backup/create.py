"""Create a backup: the rows from one snapshot of the database, then the WhatsApp keys, written to
an encrypted file that is read again before it gets its name."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from locations.models import Account
from operations.backup import schema
from operations.backup.archive import ArchiveWriter, write_archive
from operations.backup.errors import BackupRefused
from operations.backup.inventory import entry_name, included_models
from operations.backup.keys import export
from operations.backup.progress import ReportProgress
from operations.backup.row_format import BATCH_ROWS, json_lines
from operations.backup.secret import Secret
from operations.backup.verify import BackupContents, verify_backup
from operations.models import Installation

NO_MEDIA = "none: this version stores no media"


@dataclass(frozen=True)
class CreatedBackup:
    """A new backup that was verified: its path, its size in bytes, and the seconds it took."""

    path: Path
    size: int
    seconds: float
    contents: BackupContents


def create_backup(path: Path, secret: Secret, report: ReportProgress) -> CreatedBackup:
    """Back this installation up to ``path``, where no file may exist. A failure leaves no file.
    Raises BackupError, or OSError when the disk is full."""
    began = time.monotonic()
    if path.exists():
        raise BackupRefused(f"{path} exists and is not overwritten.")
    with _partial_path(path) as partial:
        with _new_file(partial) as file, write_archive(file, secret) as archive:
            _write_contents(archive, report)
        contents = verify_backup(partial, secret, report)
        partial.replace(path)
        _sync_folder(path.parent)
    return CreatedBackup(path, path.stat().st_size, time.monotonic() - began, contents)


def _write_contents(archive: ArchiveWriter, report: ReportProgress) -> None:
    installation = Installation.current()  # may create its row, so before the read-only snapshot
    with snapshot():
        manifest = _manifest(installation)
        linked = export.linked_sessions()
        _write_rows(archive, report)
    missing = export.write_keys(archive, linked, report)
    archive.close({**manifest, "sessions_without_keys": missing})


def _manifest(installation: Installation) -> dict[str, Any]:
    linked = Count("sessions", filter=~Q(sessions__jid=""))
    accounts = Account.objects.order_by("created_at", "id").annotate(linked=linked)
    return {
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "installation": str(installation.pk),
        "version": schema.app_version(),
        "migrations": schema.applied_migrations(),
        "database": connection.vendor,
        "key_store": export.store_kind(),
        "media": NO_MEDIA,
        "accounts": [
            {"id": str(pk), "name": name, "linked": count}
            for pk, name, count in accounts.values_list("pk", "name", "linked")
        ],
    }


def _write_rows(archive: ArchiveWriter, report: ReportProgress) -> None:
    written = 0
    for model in included_models():
        with archive.entry(entry_name(model)) as entry:
            for line in json_lines(model):
                entry.line(line)
                written += 1
                if written % BATCH_ROWS == 0:
                    report("rows", written, 0)
    report("rows", written, 0)


@contextmanager
def snapshot() -> Iterator[None]:
    """Show every query of the block the database as it was at the first one, without locking out
    writers.

    PostgreSQL needs its isolation level set. On SQLite in WAL mode every read transaction is a
    snapshot, but Django would begin ours as a writer (BEGIN IMMEDIATE) and block all others: so
    the block begins its transaction itself and must not write. Raises
    TransactionManagementError inside a transaction, which may have read already."""
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("A snapshot begins its own transaction.")
    if connection.vendor == "sqlite":
        yield from _sqlite_snapshot()
    else:
        yield from _postgresql_snapshot()


def _sqlite_snapshot() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")  # the first read starts it
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _postgresql_snapshot() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _partial_path(path: Path) -> Iterator[Path]:
    """Return a temporary name next to ``path``; delete the file if it still has that name."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
    finally:
        with suppress(OSError):  # it was renamed, or never created
            partial.unlink()


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupRefused(f"{path.parent} cannot be written to: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot sync a folder
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
