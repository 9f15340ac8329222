"""What time alone brings: losses whose grace is over, reminders, numbers that nobody holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from notifications.incident_rules import due
from notifications.models import Incident, Notice
from notifications.opening import COLUMNS, open_state, take_over
from notifications.saying import Said, notices_of
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.snapshot import UNCLAIMED_GRACE_SECONDS

AT_ONCE = 500  # incidents a transaction


def tell_due(now: datetime) -> int:
    """Write the notices of up to ``AT_ONCE`` incidents that are due by ``now``, in one
    transaction; how many incidents those were. Those that another process holds are left to it."""
    waiting = Q(due_at__lte=now) | Q(remind_at__lte=now)
    rows = Incident.objects.open().filter(waiting).order_by("pk")
    if not rows.exists():  # a look at nothing should hold up nobody who writes
        return 0
    with transaction.atomic():
        locked = rows.select_related("session").select_for_update(skip_locked=True, of=("self",))
        steps = [(row, due(open_state(row), now)) for row in locked[:AT_ONCE]]
        for row, step in steps:
            take_over(row, step, now)
        Incident.objects.bulk_update([row for row, _ in steps], COLUMNS)
        said = [Said(step.say, row.session, row) for row, step in steps if step.say]
        Notice.objects.write(notices_of(said, now, tell_at=now))
        return len(steps)


def open_for_orphans(now: datetime) -> int:
    """Open incidents for up to ``AT_ONCE`` linked numbers that no gateway holds, for then nobody
    writes their status: pages show them as reconnecting from the same moment on. How many."""
    expired = now - timedelta(seconds=UNCLAIMED_GRACE_SECONDS)
    known = Exists(Incident.objects.open().filter(session=OuterRef("pk")))
    orphans = (
        Session.objects.filter(~known, wanted=Wanted.LINKED, lease_expires_at__lt=expired)
        .exclude(status=Status.DISCONNECTED)
        .exclude(jid="")
        .order_by("pk")
    )
    grace = timedelta(seconds=settings.INCIDENT_GRACE_SECONDS)
    rows = orphans.values_list("pk", "account_id", "lease_expires_at")[:AT_ONCE]
    new = [_orphaned(session, account, since, grace) for session, account, since in rows]
    Incident.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _orphaned(session: UUID, account: UUID, since: datetime, grace: timedelta) -> Incident:
    return Incident(
        session_id=session,
        account_id=account,
        opened_at=since,
        began_with=Reason.GATEWAY_OFFLINE,
        reason=Reason.GATEWAY_OFFLINE,
        due_at=since + grace,
    )
