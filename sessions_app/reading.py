"""What the pages read, whole and in one place: the same for first paint, poll and WebSocket."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any, TypedDict, cast
from urllib.parse import quote

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.utils import timezone

from locations.access import Principal, find, principal_of_user, visible
from locations.models import Location, User
from sessions_app import presentation as show
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from sessions_app.snapshot import SessionRow, SessionSnapshot, snapshot
from sessions_app.timeline import Day, days

ROWS_A_PAGE = 25
NEEDS_SHOWN = 5
TIMELINE_EVENTS = 60


class SessionView(TypedDict):
    """All that the session page shows of a session, to one person."""

    session: SessionSnapshot
    may_write: bool
    picture: str
    code_seconds: int
    primary: show.Button | None
    menu: list[show.MenuItem]
    days: list[Day]
    moving: bool


def session_view(principal: Principal, session_id: object) -> SessionView:
    """The session for ``principal``; Http404 when he may not see it."""
    row = find(Session.objects.select_related("location"), principal, session_id)
    current = snapshot(row, timezone.now())
    return {
        "session": current,
        "may_write": principal.may_write(row.account_id),
        "picture": str(show.picture(current)),
        "code_seconds": show.code_seconds(current),
        "primary": show.primary_button(current),
        "menu": show.menu(current),
        "days": days(list(row.events.all()[:TIMELINE_EVENTS])),
        "moving": current["status"] in (Status.INITIALIZING, Status.QR),
    }


@dataclass(frozen=True)
class Query:
    """What the list is asked for, as it stands in the address."""

    text: str = ""
    chip: str = ""
    page: str = "1"

    @classmethod
    def parse(cls, parameters: Mapping[str, Any]) -> Query:
        return cls(
            text=str(parameters.get("q", "")).strip()[:100],
            chip=show.known_chip(str(parameters.get("status", ""))),
            page=str(parameters.get("page", "1")),
        )

    @property
    def filters(self) -> str:
        """The filters as an address has them, ready for one more parameter."""
        asked = {"q": self.text, "status": self.chip}
        return "".join(f"{name}={quote(value)}&" for name, value in asked.items() if value)

    @property
    def address(self) -> str:
        """The whole query as an address has it."""
        return f"{self.filters}page={quote(self.page)}"


class Row(TypedDict):
    """A location of the list and what is linked to it."""

    location: Location
    session: SessionSnapshot | None
    primary: show.Button | None
    may_write: bool
    key: str


class Dashboard(TypedDict):
    """All that the dashboard shows to one person."""

    answer: str
    needs: list[Row]
    needs_more: int
    chips: list[show.Chip]
    rows: Page[Row]
    query: Query
    locations: int
    may_write: bool


def dashboard(principal: Principal, query: Query) -> Dashboard:
    """The locations of ``principal`` and their numbers, as ``query`` asks."""
    everything = _rows(principal)
    sessions = [row["session"] for row in everything if row["session"] is not None]
    needs = [row for row in everything if row["session"] and show.needs_person(row["session"])]
    return {
        "answer": show.answer(sessions),
        "needs": needs[:NEEDS_SHOWN],
        "needs_more": max(0, len(needs) - NEEDS_SHOWN),
        "chips": show.chips((row["key"] for row in everything), query.chip),
        "rows": Paginator([r for r in everything if _asked(r, query)], ROWS_A_PAGE).get_page(
            query.page
        ),
        "query": query,
        "locations": len(everything),
        "may_write": any(row["may_write"] for row in everything),
    }


# What a list shows of a session. Plain values, for a list of hundreds must stay cheap; the codes
# are credentials, and are not even read.
_LISTED = (
    "id", "location_id", "wanted", "status", "reason", "detail", "since", "version",
    "phone_number", "jid", "last_proof_at", "next_retry_at", "lease_expires_at", "created_at",
)  # fmt: skip
_NOT_LISTED = {
    "qr_text": "", "qr_number": None, "qr_of": None, "qr_expires_at": None,
    "pairing_code": "", "pairing_error": "",
}  # fmt: skip


def _rows(principal: Principal) -> list[Row]:
    now = timezone.now()
    locations = list(visible(Location.objects.all(), principal))
    live = visible(Session.objects.live(), principal).order_by().values(*_LISTED)
    by_location = {values["location_id"]: values for values in live}
    return [
        _row(
            location,
            _listed(by_location.get(location.pk), location, now),
            principal.may_write(location.account_id),
        )
        for location in locations
    ]


def _listed(
    values: Mapping[str, Any] | None, location: Location, now: datetime
) -> SessionSnapshot | None:
    if values is None:
        return None
    row = SimpleNamespace(**values, **_NOT_LISTED, location=location)
    return snapshot(cast(SessionRow, row), now, with_code=False)


def _row(location: Location, session: SessionSnapshot | None, may_write: bool) -> Row:
    return {
        "location": location,
        "session": session,
        "primary": show.primary_button(session) if session else None,
        "may_write": may_write,
        "key": show.chip_key(session),
    }


def _asked(row: Row, query: Query) -> bool:
    if query.chip and row["key"] != query.chip:
        return False
    if not query.text:
        return True
    number = row["session"]["phone_number"] if row["session"] else ""
    digits = "".join(character for character in query.text if character.isdigit())
    return query.text.casefold() in row["location"].name.casefold() or (
        len(digits) >= 3 and digits in number
    )


def free_locations(principal: Principal) -> list[Location]:
    """The locations of ``principal`` that he may connect and that have no live session."""
    taken = Session.objects.live().values("location")
    return [
        location
        for location in visible(Location.objects.exclude(pk__in=taken), principal)
        if principal.may_write(location.account_id)
    ]


def principal_now(user_id: uuid.UUID, login_key: str) -> Principal | None:
    """Who a socket belongs to, as of now; None when he has signed out or is no longer active."""
    logins = import_module(settings.SESSION_ENGINE).SessionStore
    if not logins().exists(login_key):
        return None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return principal_of_user(user) if user else None
