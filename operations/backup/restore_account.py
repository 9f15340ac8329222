"""Puts one account, or one session, of a backup back where it was lost.

Nothing that is there is touched: what has the same key as a row of the backup refuses the whole.
People and plans, which accounts share, are recognised (by e-mail address, by name) and stay as
they are. Rows with numbers of the database's own get new ones.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import AutoField, Model

from locations.audit import Verb, record
from locations.models import Account, Location, Plan, User
from operations.backup.archive import Archive
from operations.backup.errors import Refused
from operations.backup.inventory import entry_of, links_of, may_lack
from operations.backup.keys.export import Tell
from operations.backup.keys.placement import Placement
from operations.backup.restore import OPERATOR, Restored, clear_conflicts, sound
from operations.backup.restored_rows import settled
from operations.backup.row_format import ROWS_AT_ONCE, Row, insert
from operations.backup.row_selection import key_of, own_models_of_users, people_of, rows_below
from operations.backup.secret import Secret
from operations.backup.verify import Contents, InAccount
from operations.models import Installation
from sessions_app.models import Session

_POWERS = {"is_staff": False, "is_superuser": False}  # an operator may not be one any more


class Writer:
    """Writes rows of a backup under the keys that they have here."""

    def __init__(self) -> None:
        self.written = 0
        self._keys: dict[Any, dict[Any, Any]] = {}
        self._present: dict[tuple[type[Model], Any], bool] = {}
        self._model: type[Model] | None = None
        self._waiting: list[Row] = []

    def same(self, model: type[Model], old: Any, new: Any) -> None:
        """The row ``old`` of the backup is the row ``new`` here."""
        self._keys.setdefault(model, {})[old] = new

    def add(self, model: type[Model], row: Row) -> None:
        """To be written; rows of one model come one after another."""
        if model is not self._model or len(self._waiting) == ROWS_AT_ONCE:
            self.flush()
            self._model = model
        self._waiting.append(row)

    def flush(self) -> None:
        """Write what waits."""
        model, rows = self._model, self._waiting
        if model is None or not rows:
            return
        self._waiting = []
        name, numbered = key_of(model), isinstance(model._meta.pk, AutoField)
        old = [row[name] for row in rows]
        changed = [self.here(model, row, without=name if numbered else "") for row in rows]
        new = [one for batch in insert(model, changed) for one in batch]
        self.written += len(new)
        if numbered:
            self._keys.setdefault(model, {}).update(zip(old, (one.pk for one in new), strict=True))

    def here(self, model: type[Model], row: Row, *, without: str = "") -> Row:
        """``row`` as it stands here, without the column ``without``."""
        here = {name: value for name, value in row.items() if name != without}
        for column, remote in links_of(model):
            here[column] = self._keys.get(remote, {}).get(here[column], here[column])
            if here[column] and may_lack(model, column) and not self._has(remote, here[column]):
                here[column] = None
        return settled(model._meta.label, here)

    def _has(self, model: type[Model], key: Any) -> bool:
        if (model, key) not in self._present:
            self._present[model, key] = model._base_manager.filter(pk=key).exists()
        return self._present[model, key]


def restore_account(path: Path, secret: Secret, account: str, tell: Tell) -> Restored:
    """Put the account called ``account`` (its id, or its name) of the backup back, with its
    people, sessions and keys. Raises BackupError; nothing has changed then."""
    began = time.monotonic()
    with sound(path, secret, tell) as (archive, contents):
        check_same_installation(contents)
        found = _account(contents, account)
        sessions = _sessions_of(archive, contents, found.id)
        placement = Placement(archive, sessions, tell)
        with clear_conflicts(), placement.around(), transaction.atomic():
            _check_account_is_gone(found)
            _check_nobody_has(sessions)
            with placement.within():
                writer = _write_account(archive, found, tell)
                detail = f"From a backup of {contents.made_at}"
                record(OPERATOR, UUID(found.id), Verb.ACCOUNT_RESTORED, found.name, detail)
    return Restored(writer.written, len(sessions), [found.name], time.monotonic() - began)


def check_same_installation(contents: Contents) -> None:
    """Raises Refused when the backup is of another installation."""
    if contents.installation != str(Installation.current().pk):
        raise Refused(
            "This backup is of another installation: of it, only the whole can be restored, into "
            "an empty one."
        )


def _account(contents: Contents, wanted: str) -> InAccount:
    found = [one for one in contents.accounts if wanted in (one.id, one.name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"There is no account {wanted!r} in this backup.")
    ids = ", ".join(one.id for one in found)
    raise Refused(
        f"{len(found)} accounts in this backup are called {wanted!r}: give an id ({ids})."
    )


def _check_account_is_gone(account: InAccount) -> None:
    if Account.objects.filter(pk=account.id).exists():
        raise Refused(
            f"The account {account.name!r} is here. An account is restored only where it is "
            "gone; of one that is here, restore single sessions (--session ID)."
        )


def _check_nobody_has(sessions: dict[str, str]) -> None:
    devices = list(sessions.values())
    for start in range(0, len(devices), ROWS_AT_ONCE):
        chunk = devices[start : start + ROWS_AT_ONCE]
        if busy := Session.objects.filter(jid__in=chunk).values_list("pk", flat=True).first():
            raise Refused(f"A number of this backup is linked here, in session {busy}.")


def _sessions_of(archive: Archive, contents: Contents, account: str) -> dict[str, str]:
    missing = set(contents.without_keys)
    return {
        row["id"]: row["jid"]
        for row in archive.rows(entry_of(Session))
        if row["account_id"] == account and row["jid"] and row["id"] not in missing
    }


def _write_account(archive: Archive, account: InAccount, tell: Tell) -> Writer:
    writer = Writer()
    _check_places_are_free(archive, account.id)
    _write_people(archive, people_of(archive, Account, account.id), writer)
    for row in archive.rows(entry_of(Plan)):
        same = Plan.objects.filter(name=row["name"]).first()
        writer.same(Plan, row["id"], same.pk if same else None)  # None: the default plan
    for model, row in rows_below(archive, Account, account.id):
        writer.add(model, row)
        tell("rows", writer.written, 0)
    writer.flush()
    return writer


def _check_places_are_free(archive: Archive, account: str) -> None:
    for row in archive.rows(entry_of(Location)):
        if row["account_id"] == account and row["ghl_id"]:
            taken = Location.objects.filter(ghl_id=row["ghl_id"]).exists()
            if taken:
                raise Refused(f"The GHL location {row['ghl_id']} belongs to another account now.")


def _write_people(archive: Archive, wanted: Iterable[str], writer: Writer) -> None:
    """Those of the users ``wanted`` that are not here, with what is theirs alone."""
    people, new = set(wanted), set()
    for row in archive.rows(entry_of(User)):
        if row["id"] not in people:
            continue
        same = (
            User.objects.filter(pk=row["id"]).first()
            or User.objects.filter(email__iexact=row["email"]).first()
        )
        if same:
            writer.same(User, row["id"], same.pk)
        else:
            writer.add(User, {**row, **_POWERS})
            new.add(row["id"])
    for model in own_models_of_users():
        columns = [column for column, _ in links_of(model)]
        for row in archive.rows(entry_of(model)):
            if any(row[column] in new for column in columns):
                writer.add(model, row)
    writer.flush()
