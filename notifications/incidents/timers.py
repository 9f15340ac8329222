"""Time-based changes of incidents: numbers that stay down, ended grace periods, reminders."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from notifications.incidents.notices import PendingNotice, notices_of
from notifications.incidents.rules import HEALING, due
from notifications.incidents.tracker import COLUMNS, apply_step, open_state
from notifications.models import Incident, Notice
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.snapshot import UNCLAIMED_GRACE_SECONDS

BATCH = 500  # incidents in one transaction


def notify_due(now: datetime) -> int:
    """Write the notices of up to ``BATCH`` incidents that are due at ``now``.

    Return the number of incidents. Incidents that another process has locked are skipped.
    """
    waiting = Q(due_at__lte=now) | Q(remind_at__lte=now)
    rows = Incident.objects.open().filter(waiting).order_by("pk")
    if not rows.exists():  # checked first, so that an idle poll takes no write lock
        return 0
    with transaction.atomic():
        locked = rows.select_related("session").select_for_update(skip_locked=True, of=("self",))
        steps = [(row, due(open_state(row), now)) for row in locked[:BATCH]]
        for row, step in steps:
            apply_step(row, step, now)
        Incident.objects.bulk_update([row for row, _ in steps], COLUMNS)
        due_now = [
            PendingNotice(step.notice, row.session, row) for row, step in steps if step.notice
        ]
        Notice.objects.write(notices_of(due_now, now, tell_at=now))
        return len(steps)


def open_overdue(now: datetime) -> int:
    """Open incidents for up to ``BATCH`` linked numbers that are not ready.

    They dropped for a reason that heals by itself, or no gateway has a lease on them. No process
    writes the status of the latter; pages show them as reconnecting from the same moment on.
    Return the number of incidents.
    """
    expired = now - timedelta(seconds=UNCLAIMED_GRACE_SECONDS)
    dropped = Q(reason__in=HEALING) & ~Q(status=Status.READY)
    orphaned = Q(lease_expires_at__lt=expired) & ~Q(status=Status.DISCONNECTED)
    known = Exists(Incident.objects.open().filter(session=OuterRef("pk")))
    lost = Session.objects.filter(dropped | orphaned, ~known, wanted=Wanted.LINKED).exclude(jid="")
    rows = lost.order_by("pk").only("account_id", "status", "reason", "since", "lease_expires_at")
    new = [_opened(row, now) for row in rows[:BATCH]]
    Incident.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _opened(row: Session, now: datetime) -> Incident:
    dropped = row.reason in HEALING and row.status != Status.READY
    since = row.since if dropped else row.lease_expires_at or now
    reason = row.reason if dropped else str(Reason.GATEWAY_OFFLINE)
    return Incident(
        session_id=row.pk,
        account_id=row.account_id,
        opened_at=since,
        began_with=reason,
        reason=reason,
        due_at=since + timedelta(seconds=settings.INCIDENT_GRACE_SECONDS),
    )
