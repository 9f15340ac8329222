"""Restore one session of a backup: its keys, and its row if that is missing, too."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from locations.audit import record
from locations.models import Account, Location
from locations.plans.entitlements import Resource, require
from locations.plans.limits import OverLimit
from operations.audit_verbs import RestoreVerb
from operations.backup.archive import ArchiveReader
from operations.backup.errors import BackupRefused
from operations.backup.inventory import entry_name
from operations.backup.keys.placement import KeyPlacement, has_keys
from operations.backup.progress import ReportProgress
from operations.backup.restore import OPERATOR, RestoreResult, open_verified, refuse_conflicts
from operations.backup.restore_account import RowWriter, check_same_installation
from operations.backup.restored_rows import EPOCH_STEP
from operations.backup.row_format import BackupRow
from operations.backup.row_selection import dependent_rows
from operations.backup.secret import Secret
from operations.backup.verify import BackupContents
from sessions_app.lifecycle import Reason, Wanted
from sessions_app.models import Session


@dataclass(frozen=True)
class _BackedUpSession:
    """A session of the backup: its row, its location's row, and the existing account."""

    row: BackupRow
    location: BackupRow
    account: Account

    @property
    def name(self) -> str:
        return str(self.location["name"])


def restore_session(
    path: Path, secret: Secret, session: str, report: ReportProgress
) -> RestoreResult:
    """Restore the session with the id ``session``, which lost its keys or its row. Its account
    must exist. Raises BackupError and changes nothing on failure."""
    began = time.monotonic()
    with open_verified(path, secret, report) as (archive, contents):
        check_same_installation(contents)
        found = _find(archive, contents, session)
        placement = KeyPlacement(archive, {found.row["id"]: found.row["jid"]}, report)
        with refuse_conflicts(), placement.around_transaction(), transaction.atomic():
            writer, existing = RowWriter(), _lock_existing(found)
            _check_number_is_free(found)
            with placement.within_transaction():
                _relink(found) if existing else _write_session(archive, found, writer)
                detail = f"From a backup of {contents.made_at}"
                record(OPERATOR, found.account.pk, RestoreVerb.SESSION_RESTORED, found.name, detail)
            Session.objects.get(pk=found.row["id"]).announce_request()
    return RestoreResult(writer.written, 1, [found.account.name], time.monotonic() - began)


def _find(archive: ArchiveReader, contents: BackupContents, session: str) -> _BackedUpSession:
    row = _find_row(archive, entry_name(Session), session)
    if row is None:
        raise BackupRefused(f"There is no session {session} in this backup.")
    if not row["jid"] or session in contents.without_keys:
        raise BackupRefused("No number was linked in this session when the backup was made.")
    account = Account.objects.filter(pk=row["account_id"]).first()
    if account is None:
        raise BackupRefused(
            "Its account is deleted, too: restore the account with all its sessions (--account)."
        )
    location = _find_row(archive, entry_name(Location), row["location_id"])
    assert location is not None  # noqa: S101  a foreign key within the backup
    if Location.being_deleted().filter(pk=location["id"]).exists():
        raise BackupRefused(
            "Its location is being deleted, which takes some minutes. Then restore it again."
        )
    return _BackedUpSession(row, location, account)


def _find_row(archive: ArchiveReader, entry: str, key: str) -> dict[str, Any] | None:
    return next((row for row in archive.rows(entry) if row["id"] == key), None)


def _lock_existing(found: _BackedUpSession) -> Session | None:
    """Lock the existing row of the session, if there is one, so that no gateway claims it. Raises
    BackupRefused unless the session has lost its keys."""
    rows = Session.objects.select_for_update().filter(pk=found.row["id"])
    existing: Session | None = rows.first()
    if existing is None:
        return None
    if Session.objects.filter(pk=existing.pk, lease_expires_at__gt=Now()).exists():
        raise BackupRefused(
            "A gateway runs this session: stop the number on its page, or stop the gateway, then "
            "restore it."
        )
    if existing.wanted == Wanted.UNLINKED or existing.reason == Reason.LOGGED_OUT:
        raise BackupRefused(
            "This number was unlinked after the backup: WhatsApp no longer accepts the keys in it. "
            "Link the number again."
        )
    if existing.jid and existing.jid != found.row["jid"]:
        raise BackupRefused(
            "This number was linked again after the backup: the keys in it no longer work."
        )
    if existing.jid and has_keys(found.row["id"], existing.jid):
        raise BackupRefused(
            "The keys of this session are not lost, and newer than those in the backup."
        )
    return existing


def _check_number_is_free(found: _BackedUpSession) -> None:
    others = Session.objects.exclude(pk=found.row["id"])
    if busy := others.filter(jid=found.row["jid"]).first():
        raise BackupRefused(f"Its number is linked in session {busy.pk}.")
    linked = others.exclude(jid="").filter(account=found.account)
    if busy := linked.filter(phone_number=found.row["phone_number"]).first():
        raise BackupRefused(f"Its number is linked in session {busy.pk} of the same account.")
    live = others.live().of_location(UUID(found.location["id"]))
    if busy := live.first():
        raise BackupRefused(
            f"{found.name} has another number (session {busy.pk}): unlink that first."
        )


def _relink(found: _BackedUpSession) -> None:
    """Restore the link of an existing row, and request a new connection attempt."""
    Session.objects.filter(pk=found.row["id"]).update(
        jid=found.row["jid"],
        phone_number=found.row["phone_number"],
        wanted=Wanted.LINKED,
        wanted_attempt=F("wanted_attempt") + 1,
        wanted_by=OPERATOR.name,
        lease_owner="",
        lease_expires_at=None,
        lease_epoch=F("lease_epoch") + EPOCH_STEP,
        version=F("version") + 1,
    )


def _write_session(archive: ArchiveReader, found: _BackedUpSession, writer: RowWriter) -> None:
    try:
        require(found.account, Resource.SESSIONS)
    except OverLimit as error:
        raise BackupRefused(str(error)) from None
    if not Location.objects.filter(pk=found.location["id"]).exists():
        writer.add(Location, found.location)
    for model, row in dependent_rows(archive, Session, found.row["id"]):
        writer.add(model, row)
    writer.flush()
