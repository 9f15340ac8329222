"""The content of the session page, shared by first paint, poll and WebSocket."""

from __future__ import annotations

import uuid
from typing import TypedDict

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from locations.access import find, visible
from locations.current_user import choose_account, principal_of
from locations.models import Location
from locations.principals import Principal
from sessions_app import presentation as show
from sessions_app.gateway.settings import DEFAULT_DEVICE_NAME
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from sessions_app.pages.timeline import TimelineDay, days
from sessions_app.snapshot import SessionSnapshot, snapshot

TIMELINE_EVENTS = 60


class SessionView(TypedDict):
    """The content of the session page for one user."""

    session: SessionSnapshot
    may_write: bool
    code_hidden: bool
    picture: str
    code_seconds: int
    primary: show.ActionButton | None
    menu: list[show.MenuItem]
    days: list[TimelineDay]
    moving: bool
    device_name: str
    may_name: bool
    account_id: uuid.UUID


def session_view(principal: Principal, session_id: object) -> SessionView:
    """Return the session page for ``principal``. Raises Http404 without access."""
    row = find(Session.objects.select_related("location"), principal, session_id)
    with_code = principal.may_see_codes(row.account_id)
    current = snapshot(row, timezone.now(), with_code=with_code)
    code_hidden = current["status"] == Status.QR and not with_code
    if code_hidden:
        current["sentence"] = gettext("Waiting for the code to be scanned")
    return {
        "session": current,
        "may_write": principal.may_write(row.account_id),
        "code_hidden": code_hidden,
        "picture": "" if code_hidden else str(show.picture(current)),
        "code_seconds": show.code_seconds(current),
        "primary": show.primary_button(current),
        "menu": show.menu(current),
        "days": days(list(row.events.all()[:TIMELINE_EVENTS])),
        "moving": current["status"] in (Status.INITIALIZING, Status.QR),
        "device_name": row.device_name or DEFAULT_DEVICE_NAME,
        "may_name": row.may_be_named,
        "account_id": row.account_id,
    }


def opened(request: HttpRequest, session_id: object) -> SessionView:
    """Return the session page for ``request``, and make the session's account the current one.
    Raises Http404 without access."""
    view = session_view(principal_of(request), session_id)
    choose_account(request, view["account_id"])
    return view


def free_locations(principal: Principal) -> list[Location]:
    """Return the locations without a live session to which ``principal`` may write."""
    taken = Session.objects.live().values("location")
    return [
        location
        for location in visible(Location.objects.exclude(pk__in=taken), principal)
        if principal.may_write(location.account_id)
    ]
