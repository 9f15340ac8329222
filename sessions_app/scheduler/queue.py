"""The rows of the scheduled jobs: each function is one whole transaction.

Times are by the database's clock throughout, so that gateways with different clocks agree. A run
belongs to the gateway that claimed it for as long as it renews the lease; a gateway that lost
the lease writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from core.background.backoff import draw_chance
from core.background.jobs import Job
from core.background.row_queue import Lease, QueueSpec, RowQueue
from sessions_app.models import ScheduledJob
from sessions_app.scheduler.schedule import (
    Schedule,
    after_failure,
    after_success,
    corrected,
    first,
)

LEASE = timedelta(seconds=60)
RESULT_CHARACTERS = 300
_FREE = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now())

JOBS: RowQueue[ScheduledJob] = RowQueue(
    QueueSpec(
        model=ScheduledJob,
        due=lambda rows, at: rows.filter(_FREE, due_at__lte=at),
        order=("due_at",),
        fence=("lease_owner", "lease_epoch"),
        lease=LEASE,
        lease_column="lease_expires_at",
        claimed_at_column="last_started_at",
        counter_column="lease_epoch",
        owner_column="lease_owner",
        database_clock=True,
    )
)


@dataclass(frozen=True)
class ClaimedJob:
    """The right to run a job once."""

    name: str
    lease: Lease


@dataclass(frozen=True)
class JobResult:
    """How a run ended, in one sentence."""

    ok: bool
    sentence: str


def create_missing(jobs: Mapping[str, Job]) -> None:
    """Create the rows of those ``jobs`` that have none yet."""
    known = ScheduledJob.objects.filter(name__in=jobs).values_list("name", flat=True)
    now = timezone.now()  # a first run is spread over minutes, so the clocks need not agree
    rows = []
    for name in jobs.keys() - set(known):
        schedule = first(now, draw_chance(), jobs[name].every)
        rows.append(ScheduledJob(name=name, planned_at=schedule.planned_at, due_at=schedule.due_at))
    ScheduledJob.objects.bulk_create(rows, ignore_conflicts=True)


def claim_due(owner: str, jobs: Mapping[str, Job], room: int) -> list[ClaimedJob]:
    """Claim up to ``room`` of ``jobs`` that are due and free, the most overdue first.

    Schedules that lie too far ahead are corrected on the way.
    """
    rows = ScheduledJob.objects.filter(name__in=jobs)
    any_due = False
    for row in rows.filter(_FREE).annotate(read_at=Now()):
        if row.due_at > row.read_at:
            reschedule(row, row.read_at, jobs[row.name].every)
        else:
            any_due = True
    claimed = JOBS.claim(room, rows, owner) if any_due else []
    return [ClaimedJob(row.name, JOBS.lease_of(row)) for row in claimed]


def reschedule(row: ScheduledJob, now: datetime, every: timedelta) -> None:
    """Correct a schedule that lies too far ahead, unless it has changed since it was read."""
    schedule = Schedule(row.planned_at, row.due_at)
    better = corrected(schedule, now, every)
    if better != schedule:
        unchanged = ScheduledJob.objects.filter(_FREE, pk=row.pk, due_at=row.due_at)
        unchanged.update(planned_at=better.planned_at, due_at=better.due_at)


def renew(owner: str, names: Collection[str]) -> set[str]:
    """Renew the leases of ``owner`` on the jobs ``names``; return the names still held."""
    return JOBS.renew(owner, ScheduledJob.objects.filter(name__in=names))


def finish(claimed: ClaimedJob, job: Job, result: JobResult) -> bool:
    """Write how the run ended and when the next one is due. False if the lease is lost."""
    with transaction.atomic():
        row = JOBS.lock_held(claimed.lease).annotate(read_at=Now()).first()
        if row is None or row.last_started_at is None:
            return False
        failures = 0 if result.ok else row.failures + 1
        schedule = _next(row, row.last_started_at, row.read_at, job.every, failures)
        changed: dict[str, Any] = {
            "planned_at": schedule.planned_at,
            "due_at": schedule.due_at,
            "last_finished_at": row.read_at,
            "last_ok": result.ok,
            "last_result": result.sentence[:RESULT_CHARACTERS],
            "failures": failures,
            "lease_owner": "",
            "lease_expires_at": None,
        }
        return JOBS.finish(claimed.lease, **changed)


def _next(
    row: ScheduledJob, started: datetime, ended: datetime, every: timedelta, failures: int
) -> Schedule:
    if failures:
        return after_failure(row.planned_at, started, ended, every, failures, draw_chance())
    return after_success(row.planned_at, started, ended, every)


def run_now(name: str) -> bool:
    """Make the job due at once. False if it is running."""
    return bool(ScheduledJob.objects.filter(_FREE, name=name).update(due_at=Now()))
