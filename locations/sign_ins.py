"""The callers behind open sign-ins, many at once, for pages that stay open.

A request checks its own sign-in. An open WebSocket makes no requests, so its sign-in is checked
here again and again: it must exist and not have expired, belong to an active user, and match the
user's password and address. A few queries serve any number of sockets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from locations import impersonation
from locations.current_user import chosen_account
from locations.models import User
from locations.principals import Membership, Principal, memberships_of, principal_of_user

SessionData = Mapping[str, Any]


@dataclass(frozen=True)
class OpenSignIn:
    """A sign-in by the key of its session, and the account that its page shows; None for the one
    that the session has chosen."""

    key: str
    account: UUID | None = None


def principals_of(sign_ins: Collection[OpenSignIn]) -> Mapping[OpenSignIn, Principal]:
    """Return the current principal of each of ``sign_ins``, without those that have ended."""
    now = timezone.now()
    sessions = _sessions({sign_in.key for sign_in in sign_ins}, now)
    users = _users(sessions)
    rows = memberships_of(users.values())
    return {
        sign_in: _principal(sign_in, sessions[sign_in.key], user, rows[user.pk], now)
        for sign_in in sign_ins
        if (user := users.get(sign_in.key)) is not None
    }


def _sessions(keys: Collection[str], now: datetime) -> Mapping[str, SessionData]:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    rows = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=now)
    decode = store().decode
    return {key: decode(data) for key, data in rows.values_list("session_key", "session_data")}


def _users(sessions: Mapping[str, SessionData]) -> dict[str, User]:
    """Return the active user of each session, by its key, as ``django.contrib.auth.get_user``
    does it for a request."""
    ids = {key: data.get(SESSION_KEY) for key, data in sessions.items()}
    rows = User.objects.filter(pk__in={pk for pk in ids.values() if pk}, is_active=True)
    users = {str(user.pk): user for user in rows}
    found = {key: users.get(str(pk)) for key, pk in ids.items()}
    return {key: user for key, user in found.items() if user and _matches(sessions[key], user)}


def _matches(session: SessionData, user: User) -> bool:
    known = session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    given = str(session.get(HASH_SESSION_KEY, ""))
    accepted = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return known and any(constant_time_compare(given, expected) for expected in accepted)


def _principal(
    sign_in: OpenSignIn, session: SessionData, user: User, rows: list[Membership], now: datetime
) -> Principal:
    seen = impersonation.in_session(session)
    viewer = impersonation.principal_of_viewer(seen, user, now) if seen else None
    account = sign_in.account or chosen_account(session)
    return viewer or principal_of_user(user, account, rows=rows)
