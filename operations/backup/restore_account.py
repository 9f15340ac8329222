"""Restore one account of a backup into the installation that lost it.

Existing rows are never changed: one with the same key as a row of the backup stops the restore.
Users and plans, which accounts share, are matched by e-mail address and name, and stay as they
are. Rows with automatic ids get new ids.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import AutoField, Model

from locations.audit import record
from locations.models import Account, Location, Plan, User
from operations.audit_verbs import RestoreVerb
from operations.backup.archive import ArchiveReader
from operations.backup.errors import BackupRefused
from operations.backup.inventory import entry_name, foreign_keys, is_nullable_reference
from operations.backup.keys.placement import KeyPlacement
from operations.backup.progress import ReportProgress
from operations.backup.restore import OPERATOR, RestoreResult, open_verified, refuse_conflicts
from operations.backup.restored_rows import adjusted
from operations.backup.row_format import BATCH_ROWS, BackupRow, insert
from operations.backup.row_selection import (
    dependent_rows,
    primary_key_column,
    required_users,
    user_models,
)
from operations.backup.secret import Secret
from operations.backup.verify import BackedUpAccount, BackupContents
from operations.models import Installation
from sessions_app.models import Session

# Operator rights may have been revoked since the backup.
_NO_OPERATOR_RIGHTS = {"is_staff": False, "is_superuser": False}


class RowWriter:
    """Writes rows of a backup, with the primary keys that they have in this database."""

    def __init__(self) -> None:
        self.written = 0
        self._keys: dict[Any, dict[Any, Any]] = {}
        self._present: dict[tuple[type[Model], Any], bool] = {}
        self._model: type[Model] | None = None
        self._buffer: list[BackupRow] = []

    def map_key(self, model: type[Model], old: Any, new: Any) -> None:
        """Replace references to the row ``old`` of the backup by ``new``."""
        self._keys.setdefault(model, {})[old] = new

    def add(self, model: type[Model], row: BackupRow) -> None:
        """Add a row to the batch. The rows of one model must follow each other."""
        if model is not self._model or len(self._buffer) == BATCH_ROWS:
            self.flush()
            self._model = model
        self._buffer.append(row)

    def flush(self) -> None:
        """Write the batch."""
        model, rows = self._model, self._buffer
        if model is None or not rows:
            return
        self._buffer = []
        key, automatic = primary_key_column(model), isinstance(model._meta.pk, AutoField)
        old = [row[key] for row in rows]
        localized = [self.localize(model, row, without=key if automatic else "") for row in rows]
        new = [one for batch in insert(model, localized) for one in batch]
        self.written += len(new)
        if automatic:
            self._keys.setdefault(model, {}).update(zip(old, (one.pk for one in new), strict=True))

    def localize(self, model: type[Model], row: BackupRow, *, without: str = "") -> BackupRow:
        """Return ``row`` with this database's keys, without the column ``without``."""
        local = {name: value for name, value in row.items() if name != without}
        for column, remote in foreign_keys(model):
            local[column] = self._keys.get(remote, {}).get(local[column], local[column])
            if (
                local[column]
                and is_nullable_reference(model, column)
                and not self._has(remote, local[column])
            ):
                local[column] = None
        return adjusted(model._meta.label, local)

    def _has(self, model: type[Model], key: Any) -> bool:
        if (model, key) not in self._present:
            self._present[model, key] = model._base_manager.filter(pk=key).exists()
        return self._present[model, key]


def restore_account(
    path: Path, secret: Secret, account: str, report: ReportProgress
) -> RestoreResult:
    """Restore the account with the id or name ``account``, with its users, sessions and keys.
    Raises BackupError and changes nothing on failure."""
    began = time.monotonic()
    with open_verified(path, secret, report) as (archive, contents):
        check_same_installation(contents)
        found = _find_account(contents, account)
        sessions = _linked_sessions(archive, contents, found.id)
        placement = KeyPlacement(archive, sessions, report)
        with refuse_conflicts(), placement.around_transaction(), transaction.atomic():
            _check_account_is_gone(found)
            _check_numbers_are_free(sessions)
            with placement.within_transaction():
                writer = _write_account(archive, found, report)
                detail = f"From a backup of {contents.made_at}"
                record(OPERATOR, UUID(found.id), RestoreVerb.ACCOUNT_RESTORED, found.name, detail)
    return RestoreResult(writer.written, len(sessions), [found.name], time.monotonic() - began)


def check_same_installation(contents: BackupContents) -> None:
    """Raise BackupRefused when another installation made the backup."""
    if contents.installation != str(Installation.current().pk):
        raise BackupRefused(
            "This backup was made by another installation: restore it as a whole, into an empty "
            "installation."
        )


def _find_account(contents: BackupContents, wanted: str) -> BackedUpAccount:
    found = [one for one in contents.accounts if wanted in (one.id, one.name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise BackupRefused(f"There is no account {wanted!r} in this backup.")
    ids = ", ".join(one.id for one in found)
    raise BackupRefused(
        f"{len(found)} accounts in this backup are called {wanted!r}: use an id ({ids})."
    )


def _check_account_is_gone(account: BackedUpAccount) -> None:
    if Account.objects.filter(pk=account.id).exists():
        raise BackupRefused(
            f"The account {account.name!r} exists. Only a deleted account can be restored; for an "
            "existing one, restore single sessions (--session ID)."
        )


def _check_numbers_are_free(sessions: dict[str, str]) -> None:
    devices = list(sessions.values())
    for start in range(0, len(devices), BATCH_ROWS):
        chunk = devices[start : start + BATCH_ROWS]
        if busy := Session.objects.filter(jid__in=chunk).values_list("pk", flat=True).first():
            raise BackupRefused(f"A number of this backup is linked in session {busy}.")


def _linked_sessions(
    archive: ArchiveReader, contents: BackupContents, account: str
) -> dict[str, str]:
    missing = set(contents.without_keys)
    return {
        row["id"]: row["jid"]
        for row in archive.rows(entry_name(Session))
        if row["account_id"] == account and row["jid"] and row["id"] not in missing
    }


def _write_account(
    archive: ArchiveReader, account: BackedUpAccount, report: ReportProgress
) -> RowWriter:
    writer = RowWriter()
    _check_locations_are_free(archive, account.id)
    _write_users(archive, required_users(archive, Account, account.id), writer)
    for row in archive.rows(entry_name(Plan)):
        same = Plan.objects.filter(name=row["name"]).first()
        writer.map_key(Plan, row["id"], same.pk if same else None)  # None: the default plan
    for model, row in dependent_rows(archive, Account, account.id):
        writer.add(model, row)
        report("rows", writer.written, 0)
    writer.flush()
    return writer


def _check_locations_are_free(archive: ArchiveReader, account: str) -> None:
    for row in archive.rows(entry_name(Location)):
        ghl_id = row["ghl_id"] if row["account_id"] == account else ""
        if ghl_id and Location.objects.filter(ghl_id=ghl_id).exists():
            raise BackupRefused(f"The GHL location {ghl_id} belongs to another account now.")


def _write_users(archive: ArchiveReader, wanted: Iterable[str], writer: RowWriter) -> None:
    """Write those of the users ``wanted`` that do not exist, with their own rows."""
    needed, new = set(wanted), set()
    for row in archive.rows(entry_name(User)):
        if row["id"] not in needed:
            continue
        same = (
            User.objects.filter(pk=row["id"]).first()
            or User.objects.filter(email__iexact=row["email"]).first()
        )
        if same:
            writer.map_key(User, row["id"], same.pk)
        else:
            writer.add(User, {**row, **_NO_OPERATOR_RIGHTS})
            new.add(row["id"])
    for model in user_models():
        columns = [column for column, _ in foreign_keys(model)]
        for row in archive.rows(entry_name(model)):
            if any(row[column] in new for column in columns):
                writer.add(model, row)
    writer.flush()
