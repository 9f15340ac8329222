"""Leases in the rows: who may run a session, until when, and with which fencing epoch.

Times are the database's clock throughout, so that gateways with different clocks agree.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from locations.plans.account_state import suspended_rows
from sessions_app.gateway.ports import SessionState
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Gateway, Session
from sessions_app.store.transitions import state_of

LEASE_TTL = timedelta(seconds=30)


def needs_gateway() -> Q:
    """Sessions that a gateway has work with: wishes not carried out, and links to hold. A
    session that waits for its customer (no retry due, no new attempt asked) rests unowned, and
    so does one that is paused, until its account is no longer suspended."""
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
    """Take up to ``limit`` sessions whose lease is free or has run out."""
    with transaction.atomic():
        free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now())
        ids = list(
            Session.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(needs_gateway(), free)
            .order_by("created_at")
            .values_list("pk", flat=True)[:limit]
        )
        if not ids:
            return []
        Session.objects.filter(pk__in=ids).update(
            lease_owner=owner,
            lease_epoch=F("lease_epoch") + 1,
            lease_expires_at=Now() + LEASE_TTL,
        )
        taken = Session.objects.for_gateway().filter(pk__in=ids).order_by("created_at")
        return [state_of(row) for row in taken]


def renew(owner: str) -> set[UUID]:
    """Renew all leases of ``owner`` in one statement; the ids of those still held."""
    held = _held(owner)
    held.update(lease_expires_at=Now() + LEASE_TTL)
    return set(held.values_list("pk", flat=True))


def wishes(owner: str) -> list[SessionState]:
    """Held sessions whose customer asked for something that is not carried out yet, and those
    whose account was suspended."""
    pending = (
        Q(attempt__lt=F("wanted_attempt"))
        | ~Q(wanted=Wanted.LINKED)
        | suspended_rows("account__")
        | (Q(status=Status.QR) & ~Q(wanted_pairing_phone=""))
    )
    return [state_of(row) for row in _held(owner).filter(pending)]


def release(owner: str, session_ids: Sequence[UUID]) -> None:
    """Give leases back, so that anybody may take over at once."""
    Session.objects.filter(pk__in=list(session_ids), lease_owner=owner).update(
        lease_owner="", lease_expires_at=None
    )


def expire_leases_of_the_dead(host: str) -> int:
    """Free the leases of gateways of this machine whose process is gone (kill −9), instead of
    waiting for them to run out. Returns how many sessions were freed."""
    owners = [
        gateway.owner
        for gateway in Gateway.objects.filter(host=host, stopped_at__isnull=True)
        if not _is_alive(gateway.pid)
    ]
    if not owners:
        return 0
    freed = Session.objects.filter(lease_owner__in=owners).update(
        lease_owner="", lease_expires_at=None
    )
    Gateway.objects.filter(owner__in=owners).update(stopped_at=Now())
    return freed


def _held(owner: str) -> QuerySet[Session]:
    rows = Session.objects.for_gateway()
    held: QuerySet[Session] = rows.filter(lease_owner=owner, lease_expires_at__gt=Now())
    return held


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
