"""Puts one session of a backup back: its keys, and its row where that is gone, too."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from locations.audit import Verb, record
from locations.models import Account, Location
from locations.plans.entitlements import Resource, require
from locations.plans.limits import OverLimit
from operations.backup.archive import Archive
from operations.backup.errors import Refused
from operations.backup.inventory import entry_of
from operations.backup.keys.export import Tell
from operations.backup.keys.placement import Placement, has_keys
from operations.backup.restore import OPERATOR, Restored, clear_conflicts, sound
from operations.backup.restore_account import Writer, check_same_installation
from operations.backup.restored_rows import EPOCHS
from operations.backup.row_format import Row
from operations.backup.row_selection import rows_below
from operations.backup.secret import Secret
from operations.backup.verify import Contents
from sessions_app.lifecycle import Reason, Wanted
from sessions_app.models import Session


@dataclass(frozen=True)
class _Found:
    """A session of the backup: its row, the one of its location, and the account, which is here."""

    row: Row
    place: Row
    account: Account

    @property
    def name(self) -> str:
        return str(self.place["name"])


def restore_session(path: Path, secret: Secret, session: str, tell: Tell) -> Restored:
    """Put the session with the id ``session`` back where its keys, or all of it, are lost; its
    account must be here. Raises BackupError; nothing has changed then."""
    began = time.monotonic()
    with sound(path, secret, tell) as (archive, contents):
        check_same_installation(contents)
        found = _find(archive, contents, session)
        placement = Placement(archive, {found.row["id"]: found.row["jid"]}, tell)
        with clear_conflicts(), placement.around(), transaction.atomic():
            writer, here = Writer(), _locked(found)
            _check_number_is_free(found)
            with placement.within():
                _relink(found) if here else _write(archive, found, writer)
                detail = f"From a backup of {contents.made_at}"
                record(OPERATOR, found.account.pk, Verb.SESSION_RESTORED, found.name, detail)
            Session.objects.get(pk=found.row["id"]).announce_wish()
    return Restored(writer.written, 1, [found.account.name], time.monotonic() - began)


def _find(archive: Archive, contents: Contents, session: str) -> _Found:
    row = _row(archive, entry_of(Session), session)
    if row is None:
        raise Refused(f"There is no session {session} in this backup.")
    if not row["jid"] or session in contents.without_keys:
        raise Refused("No number was linked in this session when the backup was made.")
    account = Account.objects.filter(pk=row["account_id"]).first()
    if account is None:
        raise Refused("Its account is gone, too: restore that (--account), with all its sessions.")
    place = _row(archive, entry_of(Location), row["location_id"])
    assert place is not None  # noqa: S101  the backup's own foreign key
    return _Found(row, place, account)


def _row(archive: Archive, entry: str, key: str) -> dict[str, Any] | None:
    return next((row for row in archive.rows(entry) if row["id"] == key), None)


def _locked(found: _Found) -> Session | None:
    """The session's row here, if there is one, which no gateway takes up before we are done.
    Raises Refused unless it has lost its keys."""
    rows = Session.objects.select_for_update().filter(pk=found.row["id"])
    here: Session | None = rows.first()
    if here is None:
        return None
    if Session.objects.filter(pk=here.pk, lease_expires_at__gt=Now()).exists():
        raise Refused(
            "A gateway runs this session just now: stop the connection on its page, or the "
            "gateway, and restore then."
        )
    if here.wanted == Wanted.UNLINKED or here.reason == Reason.LOGGED_OUT:
        raise Refused(
            "This number was unlinked since: WhatsApp has forgotten the keys in the backup. Link "
            "it anew."
        )
    if here.jid and here.jid != found.row["jid"]:
        raise Refused("This number was linked anew since: the keys in the backup are worthless.")
    if here.jid and has_keys(found.row["id"], here.jid):
        raise Refused("The keys of this session are here, and newer than those in the backup.")
    return here


def _check_number_is_free(found: _Found) -> None:
    others = Session.objects.exclude(pk=found.row["id"])
    if busy := others.filter(jid=found.row["jid"]).first():
        raise Refused(f"Its number is linked in session {busy.pk}.")
    linked = others.exclude(jid="").filter(account=found.account)
    if busy := linked.filter(phone_number=found.row["phone_number"]).first():
        raise Refused(f"Its number is linked in session {busy.pk} of the same account.")
    live = others.live().of_location(UUID(found.place["id"]))
    if busy := live.first():
        raise Refused(
            f"{found.name} has another connection (session {busy.pk}): unlink that first."
        )


def _relink(found: _Found) -> None:
    """Its history is here: only the link comes back, and is wanted anew."""
    Session.objects.filter(pk=found.row["id"]).update(
        jid=found.row["jid"],
        phone_number=found.row["phone_number"],
        wanted=Wanted.LINKED,
        wanted_attempt=F("wanted_attempt") + 1,
        wanted_by=OPERATOR.name,
        lease_owner="",
        lease_expires_at=None,
        lease_epoch=F("lease_epoch") + EPOCHS,
        version=F("version") + 1,
    )


def _write(archive: Archive, found: _Found, writer: Writer) -> None:
    try:
        require(found.account, Resource.SESSIONS)
    except OverLimit as error:
        raise Refused(str(error)) from None
    if not Location.objects.filter(pk=found.place["id"]).exists():
        writer.add(Location, found.place)
    for model, row in rows_below(archive, Session, found.row["id"]):
        writer.add(model, row)
    writer.flush()
