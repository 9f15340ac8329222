"""Makes a backup: a snapshot of the rows, then the keys, sealed into a file and read again."""

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
from operations.backup.archive import ArchiveWriter, archive_to
from operations.backup.errors import Refused
from operations.backup.inventory import entry_of, kept_models
from operations.backup.keys import export
from operations.backup.keys.export import Tell
from operations.backup.row_format import ROWS_AT_ONCE, lines_of
from operations.backup.secret import Secret
from operations.backup.verify import Contents, check
from operations.models import Installation

MEDIA = "none: this version stores no media"


@dataclass(frozen=True)
class Made:
    """A backup that was made and read again: where, its size in bytes, the seconds it took."""

    path: Path
    size: int
    seconds: float
    contents: Contents


def make(path: Path, secret: Secret, tell: Tell) -> Made:
    """Back this installation up to ``path``, which must not be there yet; nothing is there when
    it fails. Raises BackupError, or OSError when the disk is full."""
    began = time.monotonic()
    if path.exists():
        raise Refused(f"{path} is there already and is not overwritten.")
    with _partial(path) as partial:
        with _new_file(partial) as file, archive_to(file, secret) as archive:
            _write(archive, tell)
        contents = check(partial, secret, tell)
        partial.replace(path)
        _sync(path.parent)
    return Made(path, path.stat().st_size, time.monotonic() - began, contents)


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """A name beside ``path`` for what is not finished; gone afterwards."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
    finally:
        with suppress(OSError):  # it was renamed, or could not even be made
            partial.unlink()


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refused(f"{path.parent} cannot be written to: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    with suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _write(archive: ArchiveWriter, tell: Tell) -> None:
    installation = Installation.current()  # before the snapshot, in which nothing is written
    with snapshot():
        manifest = _manifest(installation)
        linked = export.linked_sessions()
        _write_rows(archive, tell)
    missing = export.write_keys(archive, linked, tell)
    archive.close({**manifest, "sessions_without_keys": missing})


def _write_rows(archive: ArchiveWriter, tell: Tell) -> None:
    written = 0
    for model in kept_models():
        with archive.entry(entry_of(model)) as entry:
            for line in lines_of(model):
                entry.line(line)
                written += 1
                if written % ROWS_AT_ONCE == 0:
                    tell("rows", written, 0)
    tell("rows", written, 0)


def _manifest(installation: Installation) -> dict[str, Any]:
    linked = Count("sessions", filter=~Q(sessions__jid=""))
    accounts = Account.objects.order_by("created_at", "id").annotate(linked=linked)
    return {
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "installation": str(installation.pk),
        "version": schema.app_version(),
        "migrations": schema.applied_migrations(),
        "database": connection.vendor,
        "key_store": export.kind_of_store(),
        "media": MEDIA,
        "accounts": [
            {"id": str(pk), "name": name, "linked": count}
            for pk, name, count in accounts.values_list("pk", "name", "linked")
        ],
    }


@contextmanager
def snapshot() -> Iterator[None]:
    """Within it, every query sees the database as it was at the first one; nobody waits for us.

    PostgreSQL needs to be asked for that. On SQLite (written ahead) every read transaction is
    one, but Django would begin ours as a writer, for whom all others wait: so it is begun by
    hand, and nothing may be written within. Raises TransactionManagementError in a transaction
    of somebody else, which has seen something already."""
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("A snapshot begins a transaction of its own.")
    if connection.vendor == "sqlite":
        yield from _on_sqlite()
    else:
        yield from _on_postgresql()


def _on_sqlite() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")  # it begins with the first look
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _on_postgresql() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
