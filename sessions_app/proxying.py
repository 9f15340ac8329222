"""What is asked of a number's proxy: set, removed, told; with its row in the audit log. The
caller has been through the door for writing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from core.security.encryption import SealBroken
from locations.audit import Verb, record
from locations.principals import Principal
from sessions_app.engine.proxies import NotAProxy, ProxyAddress, parse
from sessions_app.models import Session


@dataclass(frozen=True)
class StoredProxy:
    """What is stored: ``address`` None when there is none, or when it cannot be read, which is
    not the same: a number whose proxy cannot be read does not connect."""

    address: ProxyAddress | None = None
    readable: bool = True

    @property
    def exists(self) -> bool:
        return self.address is not None or not self.readable


def stored(session: Session) -> StoredProxy:
    """The proxy of ``session``."""
    try:
        return StoredProxy(parse(session.proxy) if session.proxy else None)
    except (SealBroken, NotAProxy):
        return StoredProxy(readable=False)


def use(principal: Principal, session: Session, proxy: ProxyAddress) -> None:
    """Go through ``proxy`` from now on. Raises NotPossible when the session is unlinked."""
    with transaction.atomic():
        session.set_proxy(proxy.url, by=principal.name)
        note(principal, session, proxy)


def remove(principal: Principal, session: Session) -> None:
    """Go without a proxy from now on; nothing happens where there is none. Raises NotPossible
    when the session is unlinked."""
    if not session.has_proxy:
        return
    with transaction.atomic():
        session.set_proxy("", by=principal.name)
        record(principal, session.account_id, Verb.PROXY_REMOVED, session.location.name)


def note(principal: Principal, session: Session, proxy: ProxyAddress) -> None:
    """Remember in the audit log that ``proxy`` was set: where it is, and nothing of its login."""
    record(principal, session.account_id, Verb.PROXY_SET, session.location.name, detail=proxy.shown)
