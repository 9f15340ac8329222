"""Every location of a person and what is linked to it, in two cheap looks at the database.

What overview and list both need of all rows (which filter each belongs to) is worked out from a
few plain columns; a whole snapshot is made of those rows alone that are shown. The codes are
credentials, and are not even read.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypedDict, cast

from django.utils import timezone

from locations.access import Principal, visible
from locations.models import Location
from sessions_app import presentation as show
from sessions_app.models import Session
from sessions_app.snapshot import SessionRow, SessionSnapshot, observed, snapshot

NEEDS_SHOWN = 5

_LISTED = (
    "id", "location_id", "wanted", "status", "reason", "detail", "since", "version",
    "phone_number", "jid", "last_proof_at", "next_retry_at", "lease_expires_at", "created_at",
)  # fmt: skip
_NOT_LISTED = {
    "qr_text": "", "qr_number": None, "qr_of": None, "qr_expires_at": None,
    "pairing_code": "", "pairing_error": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A location; ``columns`` and ``shown`` are those of its live session, None without one."""

    location_id: uuid.UUID
    account_id: uuid.UUID
    name: str
    columns: SimpleNamespace | None
    shown: show.Shown | None
    key: str


class Row(TypedDict):
    """What a page shows of an entry."""

    location_id: uuid.UUID
    name: str
    session: SessionSnapshot | None
    primary: show.Button | None
    may_write: bool
    key: str


@dataclass(frozen=True)
class Board:
    """All entries of a person at one moment, by the name of the location."""

    entries: list[Entry]
    now: datetime
    may_write: Callable[[uuid.UUID], bool]

    @property
    def writable(self) -> bool:
        """Whether anything here may be changed."""
        return any(map(self.may_write, {entry.account_id for entry in self.entries}))

    def answer(self) -> str:
        """The one sentence that everything else explains."""
        return show.answer(entry.shown for entry in self.entries if entry.shown)

    def chips(self, chosen: str = "") -> list[show.Chip]:
        """The filters, with how many entries each leaves."""
        return show.chips((entry.key for entry in self.entries), chosen)

    def needing(self) -> list[Entry]:
        """The numbers that wait for somebody."""
        return [e for e in self.entries if e.shown and show.needs_person(e.shown)]

    def rows(self, entries: Iterable[Entry]) -> list[Row]:
        """``entries`` as pages show them."""
        return [self._row(entry) for entry in entries]

    def _row(self, entry: Entry) -> Row:
        session = None
        if entry.columns is not None:
            row = cast(SessionRow, entry.columns)
            session = snapshot(row, self.now, with_code=False)
        return {
            "location_id": entry.location_id,
            "name": entry.name,
            "session": session,
            "primary": show.primary_button(session) if session else None,
            "may_write": self.may_write(entry.account_id),
            "key": entry.key,
        }


def board(principal: Principal) -> Board:
    """Everything that ``principal`` may see, now."""
    now = timezone.now()
    places = visible(Location.objects.all(), principal).values_list("pk", "account_id", "name")
    live = visible(Session.objects.live(), principal).order_by().values(*_LISTED)
    by_location = {values["location_id"]: values for values in live}
    entries = [_entry(*place, by_location.get(place[0]), now) for place in places]
    return Board(entries, now, principal.may_write)


def _entry(
    pk: uuid.UUID,
    account_id: uuid.UUID,
    name: str,
    values: Mapping[str, Any] | None,
    now: datetime,
) -> Entry:
    if values is None:
        return Entry(pk, account_id, name, None, None, show.chip_key(None))
    columns = SimpleNamespace(**values, **_NOT_LISTED, location=SimpleNamespace(name=name))
    status, reason = observed(cast(SessionRow, columns), now)
    shown = show.Shown(columns.wanted, status, reason)
    return Entry(pk, account_id, name, columns, shown, show.chip_key(shown))
