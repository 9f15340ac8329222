"""Leases on sessions: which gateway may run a session, until when, and with which fencing epoch.

Times are by the database's clock throughout, so that gateways with different clocks agree.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now

from core.background.row_queue import QueueSpec, RowQueue
from locations.plans.account_state import suspended_rows
from sessions_app.gateway.decisions.backoff import BAN_MEMORY
from sessions_app.gateway.decisions.routines import WHATSAPP
from sessions_app.gateway.ports import SessionState
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import Gateway, Session, SessionEvent
from sessions_app.store.gateway_owner import is_of_space
from sessions_app.store.transitions import state_of

LEASE_TTL = timedelta(seconds=30)
_FREE = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now())

SESSIONS: RowQueue[Session] = RowQueue(
    QueueSpec(
        model=Session,
        due=lambda rows, at: rows.filter(needs_gateway(), _FREE),
        order=("created_at",),
        lease=LEASE_TTL,
        lease_column="lease_expires_at",
        counter_column="lease_epoch",
        owner_column="lease_owner",
        database_clock=True,
    )
)


def needs_gateway() -> Q:
    """Return the filter for sessions that need a gateway: a wish to carry out, or a link to hold.

    A session that waits for its customer (no retry due, no new attempt requested) has no owner,
    and neither has a paused one until its account is no longer suspended.
    """
    paused = Q(reason=Reason.SUSPENDED_BILLING)
    held = (
        ~Q(status=Status.DISCONNECTED)
        | Q(attempt__lt=F("wanted_attempt"))
        | Q(next_retry_at__isnull=False)
    )
    linking = Q(wanted=Wanted.LINKED) & ((paused & ~suspended_rows("account__")) | (~paused & held))
    stopping = Q(wanted=Wanted.STOPPED) & ~Q(reason=Reason.USER_DISCONNECT)
    unlinking = Q(wanted=Wanted.UNLINKED) & ~Q(reason=Reason.UNLINKED)
    return linking | stopping | unlinking


def claim(owner: str, limit: int) -> list[SessionState]:
    """Claim up to ``limit`` sessions whose lease is free or has expired, the oldest first."""
    rows = list(SESSIONS.claim(limit, Session.objects.for_gateway(), owner))
    bans = _bans([row.pk for row in rows])
    return [replace(state_of(row), banned_at=tuple(bans[row.pk])) for row in rows]


def _bans(session_ids: Sequence[UUID]) -> Mapping[UUID, list[datetime]]:
    """Return when WhatsApp last banned these sessions, so that a restart does not forget it."""
    bans: dict[UUID, list[datetime]] = defaultdict(list)
    if not session_ids:
        return bans
    recent = SessionEvent.objects.filter(
        session__in=session_ids,
        at__gt=Now() - BAN_MEMORY,
        event=Event.TEMP_BAN,
        actor=WHATSAPP,
    )
    for session_id, at in recent.order_by("at").values_list("session_id", "at"):
        bans[session_id].append(at)
    return bans


def renew(owner: str) -> set[UUID]:
    """Renew all leases of ``owner`` in one statement; return the ids of the sessions still held."""
    return SESSIONS.renew(owner)


def wishes(owner: str) -> list[SessionState]:
    """Return the held sessions with a request that is not carried out yet, and those whose account
    is suspended."""
    pending = (
        Q(attempt__lt=F("wanted_attempt"))
        | ~Q(wanted=Wanted.LINKED)
        | suspended_rows("account__")
        | (Q(status=Status.QR) & ~Q(wanted_pairing_phone=""))
    )
    held = SESSIONS.held_by(owner, Session.objects.for_gateway())
    return [state_of(row) for row in held.filter(pending)]


def release(owner: str, session_ids: Sequence[UUID]) -> None:
    """Give leases back, so that another gateway may take over at once."""
    Session.objects.filter(pk__in=list(session_ids), lease_owner=owner).update(
        lease_owner="", lease_expires_at=None
    )


def expire_leases_of_the_dead(space: str) -> int:
    """Free the leases of gateways of this process space whose process is gone (kill −9), instead
    of waiting for them to expire. Returns how many sessions were freed."""
    owners = [
        gateway.owner
        for gateway in Gateway.objects.filter(stopped_at__isnull=True)
        if is_of_space(gateway.owner, space) and not _is_alive(gateway.pid)
    ]
    if not owners:
        return 0
    freed = Session.objects.filter(lease_owner__in=owners).update(
        lease_owner="", lease_expires_at=None
    )
    Gateway.objects.filter(owner__in=owners).update(stopped_at=Now())
    return freed


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
