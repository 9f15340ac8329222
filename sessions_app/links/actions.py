"""Actions on one-time links, for the user who creates one and the browser that opens it.

A link ends when the number becomes ready, when it is revoked, when it expires, and with the rights
of its creator. Opening it
starts nothing, because chat apps fetch links to draw a preview. Pressing its button starts the
session and binds the link to that browser.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import TypedDict
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import tenancy
from locations.audit import record
from locations.models import Location, Role
from locations.plans.action_limits import ActionLimit, count_action
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


class LinkUnavailable(Exception):
    """The link is bound to another browser, or has ended."""


class LinkView(TypedDict):
    """The content of the link's page. It contains no number, message or event."""

    account_name: str
    location_name: str
    session: SessionSnapshot | None
    picture: str
    code_seconds: int
    connected: bool
    may_restart: bool
    moving: bool


def create(
    principal: Principal, location: Location, lifetime: timedelta
) -> tuple[ConnectLink, str]:
    """Create a link to the code of ``location``. Returns it with its token, which is not stored.
    Raises NotPossible while the location has a linked number, or TooOften."""
    session = live_session(location)
    if session is not None and session.is_linked:
        raise NotPossible(_("This location already has a number. Unlink it first."))
    count_action(
        (ActionLimit.CONNECT_LINKS_OF_LOCATION, location.pk),
        (ActionLimit.CONNECT_LINKS_OF_ACCOUNT, location.account_id),
    )
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        link: ConnectLink = ConnectLink.objects.create(
            account_id=location.account_id,
            location=location,
            token_hash=ConnectLink.hash(token),
            created_by=principal.name[:254],
            creator=principal.user_id,
            expires_at=timezone.now() + lifetime,
        )
        record(principal, location.account_id, SessionVerb.CONNECT_LINK_MADE, location.name)
    return link, token


def revoke(principal: Principal, link: ConnectLink) -> None:
    """End ``link`` now, also in the browser that has it open. Idempotent."""
    with transaction.atomic():
        mine = ConnectLink.objects.filter(pk=link.pk, revoked_at__isnull=True)
        if mine.update(revoked_at=timezone.now()):
            record(principal, link.account_id, SessionVerb.CONNECT_LINK_REVOKED, link.location.name)


def open_links(location: Location) -> list[ConnectLink]:
    """Return the links of ``location`` that have not ended, the newest first."""
    rows = ConnectLink.objects.open(timezone.now()).filter(location=location)
    return [link for link in rows.select_related("location") if not has_ended(link)]


def live_session(location: Location) -> Session | None:
    """Return the live session of ``location``, or None."""
    rows = Session.objects.live().of_location(location.pk).select_related("location", "account")
    session: Session | None = rows.first()
    return session


def open_link(token: str) -> ConnectLink | None:
    """Return the open link with ``token``, or None."""
    return _open(token_hash=ConnectLink.hash(token))


def open_link_by_id(link_id: object) -> ConnectLink | None:
    """Return the open link with the id, or None. The caller authenticates its browser."""
    return _open(pk=link_id)


def open_links_by_id(link_ids: Collection[UUID | None]) -> Mapping[UUID | None, ConnectLink]:
    """Return those of the links that are open, by id. The caller authenticates their browsers."""
    with tenancy.everyone():  # the browser's secret identifies the account
        rows = ConnectLink.objects.open(timezone.now()).filter(pk__in=[pk for pk in link_ids if pk])
        return {link.pk: link for link in rows}


def _open(**wanted: object) -> ConnectLink | None:
    with tenancy.everyone():  # the token identifies the account
        rows = ConnectLink.objects.open(timezone.now()).filter(**wanted)
        link: ConnectLink | None = rows.select_related("location", "account").first()
        return link


def has_ended(link: ConnectLink) -> bool:
    """Return whether the number has become ready since the link was created."""
    return bool(
        SessionEvent.objects.filter(
            session__location_id=link.location_id,
            new_status=Status.READY,
            at__gte=link.created_at,
        ).exists()
    )


def belongs_to(link: ConnectLink, browser: str) -> bool:
    """Return whether the link is bound to the browser with the secret ``browser`` ("" for none)."""
    return bool(browser and link.browser_hash) and compare_digest(
        link.browser_hash, ConnectLink.hash(browser)
    )


def start(link: ConnectLink, browser: str, address: str | None) -> None:
    """Bind ``link`` to the browser with the secret ``browser`` and start a session if needed.

    Raises LinkUnavailable, NotPossible, TooOften, or OverLimit if the account may not link another
    number."""
    principal = _bearer(link, address)
    with transaction.atomic():
        if not belongs_to(link, browser):
            _bind(link, browser, principal)
        if has_ended(link):
            raise LinkUnavailable
        session = live_session(link.location)
        if session is None:
            actions.connect(principal, link.location)
        elif session.is_linked:
            raise LinkUnavailable
        elif session.status in _NEEDS_A_PRESS:
            actions.restart(principal, session)


def ask_pairing_code(link: ConnectLink, phone: str, address: str | None) -> None:
    """Request a code to type on the phone with the number ``phone`` (E.164). Raises
    LinkUnavailable, NotPossible or TooOften."""
    session = live_session(link.location)
    if session is None or session.is_linked or has_ended(link):
        raise LinkUnavailable
    actions.ask_pairing_code(_bearer(link, address), session, phone)


def view_of(link: ConnectLink) -> LinkView:
    """Return the content of the page for the browser that ``link`` is bound to."""
    connected = has_ended(link)
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


def _bind(link: ConnectLink, browser: str, principal: Principal) -> None:
    hashed, now = ConnectLink.hash(browser), timezone.now()
    # One UPDATE checks and binds, so that two browsers cannot both bind it.
    free = ConnectLink.objects.filter(
        pk=link.pk, browser_hash="", revoked_at__isnull=True, expires_at__gt=now
    )
    if not browser or not free.update(browser_hash=hashed, used_at=now):
        raise LinkUnavailable
    link.browser_hash = hashed
    record(principal, link.account_id, SessionVerb.CONNECT_LINK_USED, link.location.name)


def _bearer(link: ConnectLink, address: str | None) -> Principal:
    name = _("Connect link of %s") % link.created_by
    return Principal({link.account_id: Role.MEMBER}, name[:254], address=address)
