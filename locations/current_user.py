"""Who asks, by a request: the person, the account that he looks at, and where he asks from."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from core.security.client_ip import client_ip
from locations import impersonation
from locations.models import Member, User
from locations.principals import Membership, Principal, memberships, principal_of_user

ACCOUNT_KEY = "account"  # in the session
_SIGNED_IN_KEY = "signed_in_at"
_KEPT = "_principal"  # on the request: its roles are read once
LAST_SEEN_STEP = timedelta(minutes=5)
RECENT_SECONDS = 15 * 60


def principal_of(request: HttpRequest) -> Principal:
    """Who asks. He is noted as seen in his account, at most once in five minutes."""
    kept: Principal | None = getattr(request, _KEPT, None)
    if kept is None:
        kept = _viewer(request)
        rows = memberships(request.user) if kept is None else []
        if kept is None:
            chosen = chosen_account(request.session)
            kept = principal_of_user(request.user, chosen, ip_address_of(request), rows)
        setattr(request, _KEPT, kept)  # from here on the rows of his accounts may be touched
        _note_seen(kept, rows)
    return kept


def principal_of_login(user: User, session: Any, chosen: uuid.UUID | None) -> Principal:
    """Who asks over a socket of a page about the account ``chosen``, by his login's session."""
    seen = impersonation.in_session(session)
    viewer = seen and impersonation.principal_of_viewer(seen, user, timezone.now())
    return viewer or principal_of_user(user, chosen)


def _viewer(request: HttpRequest) -> Principal | None:
    """An operator who views an account as its owner. When that is over, it is ended here."""
    seen = impersonation.in_session(request.session)
    if seen is None or not isinstance(request.user, User):
        return None
    address = ip_address_of(request)
    principal = impersonation.principal_of_viewer(seen, request.user, timezone.now(), address)
    if principal is None:
        impersonation.end(request, address)
    return principal


def chosen_account(session: Any) -> uuid.UUID | None:
    """The account that this login chose; whether it is one of his is not said."""
    try:
        return uuid.UUID(str(session.get(ACCOUNT_KEY)))
    except ValueError:
        return None


def choose_account(request: HttpRequest, account_id: uuid.UUID) -> None:
    """From now on this login looks at the account; the caller has been through the door."""
    kept = getattr(request, _KEPT, None)
    if kept is None or kept.account != account_id:
        request.session[ACCOUNT_KEY] = str(account_id)
    if kept is not None:
        setattr(request, _KEPT, replace(kept, chosen=account_id))


def forget(request: HttpRequest) -> None:
    """Read the roles anew: they have changed within this request."""
    if hasattr(request, _KEPT):
        delattr(request, _KEPT)


def ip_address_of(request: Any) -> str | None:
    """The IP address that the request came from; None over a Unix socket."""
    connected = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return client_ip(connected, forwarded, settings.TRUSTED_PROXIES)


def signed_in_recently(request: HttpRequest) -> bool:
    """Whether this login is young enough for what should not be done by a passer-by."""
    at = request.session.get(_SIGNED_IN_KEY)
    return isinstance(at, float) and timezone.now().timestamp() - at < RECENT_SECONDS


@receiver(user_logged_in)
def _note_sign_in(sender: object, request: HttpRequest, **kwargs: object) -> None:
    request.session[_SIGNED_IN_KEY] = timezone.now().timestamp()


def _note_seen(principal: Principal, rows: Sequence[Membership]) -> None:
    now = timezone.now()
    seen = next((row.last_seen_at for row in rows if row.account == principal.account), now)
    if seen is None or seen <= now - LAST_SEEN_STEP:
        Member.objects.filter(user=principal.user, account=principal.account).update(
            last_seen_at=now
        )
