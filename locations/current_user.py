"""The caller of a request: the user, their current account and their IP address."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.reauthentication import (
    get_reauthentication_flows,
    raise_if_reauthentication_required,
)
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from core.security.client_ip import client_ip
from locations import impersonation
from locations.models import Member, User
from locations.principals import Membership, Principal, memberships, principal_of_user

ACCOUNT_KEY = "account"  # in the session
_SIGNED_IN_KEY = "signed_in_at"
_CACHED = "_principal"  # attribute of the request: roles are read once
LAST_SEEN_STEP = timedelta(minutes=5)
RECENT_SECONDS = 15 * 60


def principal_of(request: HttpRequest) -> Principal:
    """Return the caller. Updates ``last_seen_at`` at most every five minutes."""
    cached: Principal | None = getattr(request, _CACHED, None)
    if cached is None:
        cached = _viewer(request)
        rows = memberships(request.user) if cached is None else []
        if cached is None:
            chosen = chosen_account(request.session)
            cached = principal_of_user(request.user, chosen, ip_address_of(request), rows)
        setattr(request, _CACHED, cached)  # opens the tenant scope, see middleware
        _note_seen(cached, rows)
    return cached


def _viewer(request: HttpRequest) -> Principal | None:
    """Return the principal of an impersonating operator. Ends an expired impersonation."""
    seen = impersonation.in_session(request.session)
    if seen is None or not isinstance(request.user, User):
        return None
    address = ip_address_of(request)
    principal = impersonation.principal_of_viewer(seen, request.user, timezone.now(), address)
    if principal is None:
        impersonation.end(request, address)
    return principal


def chosen_account(session: Any) -> uuid.UUID | None:
    """Return the account chosen in this session. Does not check the membership."""
    try:
        return uuid.UUID(str(session.get(ACCOUNT_KEY)))
    except ValueError:
        return None


def choose_account(request: HttpRequest, account_id: uuid.UUID) -> None:
    """Make the account the current one of this session. The caller has checked the access."""
    cached = getattr(request, _CACHED, None)
    if cached is None or cached.account != account_id:
        request.session[ACCOUNT_KEY] = str(account_id)
    if cached is not None:
        setattr(request, _CACHED, replace(cached, chosen=account_id))


def forget(request: HttpRequest) -> None:
    """Drop the cached principal after roles have changed within this request."""
    if hasattr(request, _CACHED):
        delattr(request, _CACHED)


def ip_address_of(request: Any) -> str | None:
    """Return the IP address of the client; None over a Unix socket."""
    connected = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return client_ip(connected, forwarded, settings.TRUSTED_PROXIES)


def require_reauthentication(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the user has confirmed within the last minutes that it
    is them. The middleware of allauth then asks for it, and repeats the request afterwards.

    Users with neither a password nor a second step cannot confirm it, so a recent sign-in counts.
    Raises PermissionDenied if theirs is older."""
    if not get_reauthentication_flows(request.user) and not _signed_in_recently(request):
        raise PermissionDenied(_("Sign out and in again, then retry."))
    raise_if_reauthentication_required(request, app="allauth.account")


def _signed_in_recently(request: HttpRequest) -> bool:
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
