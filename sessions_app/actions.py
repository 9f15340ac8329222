"""Actions on sessions. Each writes the request and its audit log entry in one transaction.

The caller has checked write access.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext

from core.security.encryption import SealBroken
from locations.audit import record
from locations.models import Location
from locations.plans.action_limits import ActionLimit, count_action
from locations.plans.entitlements import Resource, require
from locations.principals import Principal
from sessions_app.audit_verbs import SessionVerb
from sessions_app.engine.proxy_url import NotAProxy, ProxyAddress, parse
from sessions_app.models import NotPossible, Session


class LocationBusy(Exception):
    """The location already has a live session: use it, or unlink it first."""


def create_session(location: Location, *, by: str, proxy: str = "") -> Session:
    """Create a session of ``location`` to be linked through ``proxy`` (a URL, "" for none).

    The gateway gets a hint after the commit. Raises LocationBusy if the location has a live
    session, TooOften, OverLimit if the account may not have another one, and Http404 if the
    location was deleted a moment ago."""
    try:
        with transaction.atomic():
            if not Session.objects.live().of_location(location.pk).exists():  # else LocationBusy
                _count_connection(location)
                require(location.account, Resource.SESSIONS)
                if not Location.objects.filter(pk=location.pk).exists():
                    raise Http404("Not found.")
            session: Session = Session.objects.create(
                account_id=location.account_id,
                location=location,
                created_by=by,
                wanted_by=by,
                proxy=proxy,
            )
    except IntegrityError as error:
        text = gettext("%(location)s already has a number.")
        raise LocationBusy(text % {"location": location.name}) from error
    session.announce_request()
    return session


def _count_connection(location: Location) -> None:
    count_action(
        (ActionLimit.CONNECTIONS_OF_LOCATION, location.pk),
        (ActionLimit.CONNECTIONS_OF_ACCOUNT, location.account_id),
    )


def connect(principal: Principal, location: Location, proxy: ProxyAddress | None = None) -> Session:
    """Create a session of ``location`` that uses ``proxy`` from its first code on. Raises
    LocationBusy, OverLimit or TooOften."""
    url = proxy.url if proxy else ""
    with transaction.atomic():
        session = create_session(location, by=principal.name, proxy=url)
        record(principal, location.account_id, SessionVerb.SESSION_CREATED, location.name)
        if proxy:
            record_proxy(principal, session, proxy)
    return session


def restart(principal: Principal, session: Session) -> None:
    """Connect anew. Raises TooOften, or NotPossible, as do the other actions below."""
    _count_restart(session)
    with transaction.atomic():
        session.ask_restart(by=principal.name)
        _record(principal, session, SessionVerb.SESSION_RESTARTED)


def stop(principal: Principal, session: Session) -> None:
    """Disconnect, and keep the link."""
    with transaction.atomic():
        session.ask_stop(by=principal.name)
        _record(principal, session, SessionVerb.SESSION_STOPPED)


def unlink(principal: Principal, session: Session) -> None:
    """Remove the link for good."""
    with transaction.atomic():
        session.ask_unlink(by=principal.name)
        _record(principal, session, SessionVerb.SESSION_UNLINKED)


def replace_number(principal: Principal, session: Session) -> Session:
    """End ``session``, which keeps its messages and timeline, and begin one for another number at
    the same location, with the same proxy and device name.

    Raises NotPossible if a number is linked, if no number has been linked yet, or if the proxy
    cannot be read, and OverLimit like ``create_session``."""
    try:
        with transaction.atomic():
            session.ask_replacement(by=principal.name)
            fresh = create_session(session.location, by=principal.name, proxy=session.proxy)
            Session.objects.filter(pk=fresh.pk).update(device_name=session.device_name)
            _record(principal, session, SessionVerb.NUMBER_REPLACED)
    except SealBroken:
        text = gettext("The stored proxy cannot be read. Set it again or remove it first.")
        raise NotPossible(text) from None
    return fresh


def ask_pairing_code(principal: Principal, session: Session, phone: str) -> None:
    """Ask for a code to type on the phone with the number ``phone`` (E.164). Raises TooOften."""
    count_action(
        (ActionLimit.PAIRING_CODES_OF_SESSION, session.pk),
        (ActionLimit.PAIRING_CODES_OF_ACCOUNT, session.account_id),
    )
    with transaction.atomic():
        session.ask_pairing_code(phone, by=principal.name)
        _record(principal, session, SessionVerb.PAIRING_CODE_ASKED)


def name_device(principal: Principal, session: Session, name: str) -> None:
    """Set the name that the phone shows for our device, with a new code. Raises TooOften."""
    _count_restart(session)
    with transaction.atomic():
        session.ask_device_name(name, by=principal.name)
        _record(principal, session, SessionVerb.DEVICE_NAMED)


def _count_restart(session: Session) -> None:
    count_action(
        (ActionLimit.RESTARTS_OF_SESSION, session.pk),
        (ActionLimit.RESTARTS_OF_ACCOUNT, session.account_id),
    )


def _record(principal: Principal, session: Session, verb: SessionVerb) -> None:
    record(principal, session.account_id, verb, session.location.name)


@dataclass(frozen=True)
class StoredProxy:
    """The stored proxy of a session. ``address`` is None if there is no proxy, or if it cannot be
    decrypted (``readable`` is False). A number whose proxy cannot be read does not connect."""

    address: ProxyAddress | None = None
    readable: bool = True

    @property
    def exists(self) -> bool:
        return self.address is not None or not self.readable

    @property
    def has_login(self) -> bool:
        return self.address is not None and self.address.has_login


def stored_proxy(session: Session) -> StoredProxy:
    """Return the stored proxy of ``session``."""
    try:
        return StoredProxy(parse(session.proxy) if session.proxy else None)
    except (SealBroken, NotAProxy):
        return StoredProxy(readable=False)


def set_proxy(principal: Principal, session: Session, proxy: ProxyAddress) -> None:
    """Use ``proxy`` from now on. Raises NotPossible if the session is unlinked."""
    with transaction.atomic():
        session.set_proxy(proxy.url, by=principal.name)
        record_proxy(principal, session, proxy)


def remove_proxy(principal: Principal, session: Session) -> None:
    """Stop using a proxy; does nothing if there is none. Raises NotPossible if the session is
    unlinked."""
    if not session.has_proxy:
        return
    with transaction.atomic():
        session.set_proxy("", by=principal.name)
        record(principal, session.account_id, SessionVerb.PROXY_REMOVED, session.location.name)


def record_proxy(principal: Principal, session: Session, proxy: ProxyAddress) -> None:
    """Record in the audit log that ``proxy`` was set: its address, without the login."""
    record(
        principal,
        session.account_id,
        SessionVerb.PROXY_SET,
        session.location.name,
        detail=proxy.shown,
    )
