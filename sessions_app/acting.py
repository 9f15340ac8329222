"""What people and keys ask of sessions: the wish and its row in the audit log, in one
transaction. The caller has been through the door for writing."""

from __future__ import annotations

from django.db import transaction

from locations.audit import Verb, record
from locations.models import Location
from locations.principals import Principal
from sessions_app import proxying
from sessions_app.engine.proxies import ProxyAddress
from sessions_app.models import Session


def connect(principal: Principal, location: Location, proxy: ProxyAddress | None = None) -> Session:
    """A new session of ``location``, through ``proxy`` from its first code on. Raises LocationBusy
    or OverLimit."""
    url = proxy.url if proxy else ""
    with transaction.atomic():
        session: Session = Session.objects.create_for(location, by=principal.name, proxy=url)
        record(principal, location.account_id, Verb.SESSION_CREATED, location.name)
        if proxy:
            proxying.note(principal, session, proxy)
    return session


def restart(principal: Principal, session: Session) -> None:
    """Start afresh. Raises NotPossible, as the others below."""
    with transaction.atomic():
        session.ask_restart(by=principal.name)
        _record(principal, session, Verb.SESSION_RESTARTED)


def stop(principal: Principal, session: Session) -> None:
    """Disconnect, and keep the link."""
    with transaction.atomic():
        session.ask_stop(by=principal.name)
        _record(principal, session, Verb.SESSION_STOPPED)


def unlink(principal: Principal, session: Session) -> None:
    """Remove the link for good."""
    with transaction.atomic():
        session.ask_unlink(by=principal.name)
        _record(principal, session, Verb.SESSION_UNLINKED)


def ask_pairing_code(principal: Principal, session: Session, phone: str) -> None:
    """Ask for a code to type on the phone with the number ``phone`` (E.164)."""
    with transaction.atomic():
        session.ask_pairing_code(phone, by=principal.name)
        _record(principal, session, Verb.PAIRING_CODE_ASKED)


def name_device(principal: Principal, session: Session, name: str) -> None:
    """Call our device ``name`` on the phone."""
    with transaction.atomic():
        session.ask_device_name(name, by=principal.name)
        _record(principal, session, Verb.DEVICE_NAMED)


def _record(principal: Principal, session: Session, verb: Verb) -> None:
    record(principal, session.account_id, verb, session.location.name)
