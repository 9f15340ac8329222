"""What may be done with a one-time link, by its maker and by the browser that opened it.

A link ends when the number becomes ready, when it is revoked or when its time is over. Until the
button is pressed it starts nothing (chats fetch what is sent in them, to draw a preview); from
then on it belongs to the browser that pressed it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import TypedDict

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import tenancy
from locations.audit import record
from locations.models import Location, Role
from locations.principals import Principal
from sessions_app import actions
from sessions_app import presentation as show
from sessions_app.audit_verbs import SessionVerb
from sessions_app.lifecycle import Status
from sessions_app.models import ConnectLink, NotPossible, Session, SessionEvent
from sessions_app.snapshot import SessionSnapshot, snapshot

LIFETIMES: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
USUAL_LIFETIME = "24h"
_NEEDS_A_PRESS = (Status.DISCONNECTED,)


class NotYours(Exception):
    """Another browser has the link, or it is over: for this one there is nothing."""


class LinkView(TypedDict):
    """All that whoever has the phone is shown: never a number, a message or an event."""

    account_name: str
    location_name: str
    session: SessionSnapshot | None
    picture: str
    code_seconds: int
    connected: bool
    may_restart: bool
    moving: bool


def make(principal: Principal, location: Location, lifetime: timedelta) -> tuple[ConnectLink, str]:
    """A link to the code of ``location`` and its token, which is stored nowhere. Raises
    NotPossible while the location has a number that is linked."""
    session = live_session(location)
    if session is not None and session.is_linked:
        raise NotPossible(_("This location has a number already. Unlink it first."))
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        link: ConnectLink = ConnectLink.objects.create(
            account_id=location.account_id,
            location=location,
            token_hash=ConnectLink.hash(token),
            created_by=principal.name[:254],
            expires_at=timezone.now() + lifetime,
        )
        record(principal, location.account_id, SessionVerb.CONNECT_LINK_MADE, location.name)
    return link, token


def revoke(principal: Principal, link: ConnectLink) -> None:
    """End ``link`` now, also in the browser that has it open. Twice is as good as once."""
    with transaction.atomic():
        mine = ConnectLink.objects.filter(pk=link.pk, revoked_at__isnull=True)
        if mine.update(revoked_at=timezone.now()):
            record(principal, link.account_id, SessionVerb.CONNECT_LINK_REVOKED, link.location.name)


def open_links(location: Location) -> list[ConnectLink]:
    """Those of ``location`` that still lead somewhere, the newest first."""
    rows = ConnectLink.objects.open(timezone.now()).filter(location=location)
    return [link for link in rows.select_related("location") if not is_over(link)]


def live_session(location: Location) -> Session | None:
    """The session that holds ``location``, if there is one."""
    rows = Session.objects.live().of_location(location.pk).select_related("location", "account")
    session: Session | None = rows.first()
    return session


def usable(token: str) -> ConnectLink | None:
    """The link that ``token`` opens now; None for whatever else it may be."""
    return _open(token_hash=ConnectLink.hash(token))


def usable_by_id(link_id: object) -> ConnectLink | None:
    """The same by its id, for who proves to be its browser."""
    return _open(pk=link_id)


def _open(**wanted: object) -> ConnectLink | None:
    with tenancy.everyone():  # whose it is, is what the token says
        rows = ConnectLink.objects.open(timezone.now()).filter(**wanted)
        link: ConnectLink | None = rows.select_related("location", "account").first()
        return link


def is_over(link: ConnectLink) -> bool:
    """Whether the number has become ready since the link was made."""
    return bool(
        SessionEvent.objects.filter(
            session__location_id=link.location_id,
            new_status=Status.READY,
            at__gte=link.created_at,
        ).exists()
    )


def belongs_to(link: ConnectLink, browser: str) -> bool:
    """Whether ``browser`` (its secret, "" for none) is the one that pressed the button."""
    return bool(browser and link.browser_hash) and compare_digest(
        link.browser_hash, ConnectLink.hash(browser)
    )


def start(link: ConnectLink, browser: str, address: str | None) -> None:
    """Let the browser with the secret ``browser`` have ``link``, and see to it that a code comes.

    Raises NotYours, OverLimit when the account may not link another number, NotPossible."""
    principal = _bearer(link, address)
    with transaction.atomic():
        if not belongs_to(link, browser):
            _take(link, browser, principal)
        if is_over(link):
            raise NotYours
        session = live_session(link.location)
        if session is None:
            actions.connect(principal, link.location)
        elif session.is_linked:
            raise NotYours
        elif session.status in _NEEDS_A_PRESS:
            actions.restart(principal, session)


def ask_pairing_code(link: ConnectLink, phone: str, address: str | None) -> None:
    """Ask for a code to type on the phone ``phone`` (E.164). Raises NotYours or NotPossible."""
    session = live_session(link.location)
    if session is None or session.is_linked or is_over(link):
        raise NotYours
    actions.ask_pairing_code(_bearer(link, address), session, phone)


def view_of(link: ConnectLink) -> LinkView:
    """What the browser that has ``link`` may see now."""
    connected = is_over(link)
    session = None if connected else live_session(link.location)
    shown = None if session is None else _without_number(session)
    waits = shown is None or shown["status"] in _NEEDS_A_PRESS
    return {
        "account_name": link.account.name,
        "location_name": link.location.name,
        "session": shown,
        "picture": "check" if connected else str(show.picture(shown)) if shown else "",
        "code_seconds": show.code_seconds(shown) if shown else 0,
        "connected": connected,
        "may_restart": waits and not connected,
        "moving": not waits,
    }


def _without_number(session: Session) -> SessionSnapshot:
    found = snapshot(session, timezone.now())
    found["phone_number"] = found["detail"] = ""
    return found


def _take(link: ConnectLink, browser: str, principal: Principal) -> None:
    hashed, now = ConnectLink.hash(browser), timezone.now()
    # Of its own columns alone: two that press at once must not both find it free.
    free = ConnectLink.objects.filter(
        pk=link.pk, browser_hash="", revoked_at__isnull=True, expires_at__gt=now
    )
    if not browser or not free.update(browser_hash=hashed, used_at=now):
        raise NotYours
    link.browser_hash = hashed
    record(principal, link.account_id, SessionVerb.CONNECT_LINK_USED, link.location.name)


def _bearer(link: ConnectLink, address: str | None) -> Principal:
    name = _("Connect link of %s") % link.created_by
    return Principal({link.account_id: Role.MEMBER}, name[:254], address=address)
