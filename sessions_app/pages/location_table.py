"""Every location that a user may see, with its session, read by two cheap queries.

The overview and the list need the filter of every row, for which a few columns are enough. Whole
snapshots are built only for the rows that are shown. The codes, which are credentials, are never
read.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple, TypedDict, cast

from django.utils import timezone

from locations.access import visible
from locations.models import Location
from locations.principals import Principal
from sessions_app import presentation as show
from sessions_app.models import Session
from sessions_app.snapshot import SessionRow, SessionSnapshot, observed, snapshot

NEEDS_SHOWN = 5

# The columns read of every session, and those read only of the sessions that are shown.
_OF_ALL = ("location_id", "id", "wanted", "status", "reason", "since", "phone_number",
           "lease_expires_at")  # fmt: skip
_OF_SHOWN = ("id", "detail", "version", "jid", "last_proof_at", "phone_seen_at",
             "next_retry_at", "created_at")  # fmt: skip
_NOT_LISTED = {
    "qr_text": "", "qr_number": None, "qr_of": None, "qr_expires_at": None,
    "pairing_code": "", "pairing_error": "",
}  # fmt: skip


class Columns(NamedTuple):
    """The columns read of every live session; see ``_OF_ALL``."""

    location_id: uuid.UUID
    id: uuid.UUID
    wanted: str
    status: str
    reason: str
    since: datetime
    phone_number: str
    lease_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class LocationEntry:
    """A location. ``columns`` and ``shown`` belong to its live session and are None without one;
    ``key`` is the filter that matches."""

    location_id: uuid.UUID
    account_id: uuid.UUID
    name: str
    columns: Columns | None
    shown: show.DisplayState | None
    key: str


class LocationTableRow(TypedDict):
    """A row as pages show it."""

    location_id: uuid.UUID
    name: str
    session: SessionSnapshot | None
    primary: show.ActionButton | None
    may_write: bool
    key: str


@dataclass(frozen=True)
class LocationTable:
    """All entries that a user may see, ordered by the location's name."""

    entries: list[LocationEntry]
    now: datetime
    may_write: Callable[[uuid.UUID], bool]
    writable: bool  # whether the user may add or change anything, even if there is no entry yet

    def answer(self) -> str:
        """Return the summary sentence of the page."""
        return show.answer(entry.shown for entry in self.entries if entry.shown)

    def chips(self, chosen: str = "") -> list[show.Chip]:
        """Return the filters, with the number of entries that match each."""
        return show.chips((entry.key for entry in self.entries), chosen)

    def needing_action(self) -> list[LocationEntry]:
        """Return the numbers that wait for a user to act."""
        return [e for e in self.entries if e.shown and show.needs_action(e.shown)]

    def rows(self, entries: Sequence[LocationEntry]) -> list[LocationTableRow]:
        """Return ``entries`` as pages show them, with one query."""
        ids = [entry.columns.id for entry in entries if entry.columns]
        found = Session.objects.filter(pk__in=ids).order_by().values(*_OF_SHOWN)
        rest = {values["id"]: values for values in found}
        return [self._row(entry, rest) for entry in entries]

    def _row(
        self, entry: LocationEntry, rest: Mapping[uuid.UUID, Mapping[str, Any]]
    ) -> LocationTableRow:
        session, columns = None, entry.columns
        if columns is not None and columns.id in rest:
            location = SimpleNamespace(name=entry.name)
            values = {**columns._asdict(), **rest[columns.id], **_NOT_LISTED}
            row = cast(SessionRow, SimpleNamespace(**values, location=location))
            session = snapshot(row, self.now, with_code=False)
        return {
            "location_id": entry.location_id,
            "name": entry.name,
            "session": session,
            "primary": show.primary_button(session) if session else None,
            "may_write": self.may_write(entry.account_id),
            "key": entry.key,
        }


def location_table(principal: Principal) -> LocationTable:
    """Return the table of all that ``principal`` may see, as of now."""
    now = timezone.now()
    locations = visible(Location.objects.all(), principal).values_list("pk", "account_id", "name")
    live = visible(Session.objects.live(), principal).order_by().values_list(*_OF_ALL)
    by_location = {row[0]: Columns._make(row) for row in live}
    entries = [
        _entry(pk, account, name, by_location.get(pk), now) for pk, account, name in locations
    ]
    return LocationTable(entries, now, principal.may_write, principal.may_add)


def _entry(
    pk: uuid.UUID, account_id: uuid.UUID, name: str, columns: Columns | None, now: datetime
) -> LocationEntry:
    if columns is None:
        return LocationEntry(pk, account_id, name, None, None, show.chip_key(None))
    status, reason = observed(columns, now)
    shown = show.DisplayState(columns.wanted, status, reason)
    return LocationEntry(pk, account_id, name, columns, shown, show.chip_key(shown))
