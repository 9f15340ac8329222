"""The rows of the scheduled jobs: each function is one whole transaction of a runner.

Times are the database's clock throughout, so that gateways with different clocks agree. A run
belongs to who claimed it for as long as he renews his lease; whoever lost it writes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from core.background.jobs import Job
from sessions_app.models import ScheduledJob
from sessions_app.scheduler.schedule import Plan, after_failure, after_success, first, mended

LEASE = timedelta(seconds=60)
RESULT_CHARACTERS = 300
_FREE = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now())


@dataclass(frozen=True)
class Claim:
    """The right to run a job once."""

    name: str
    owner: str
    epoch: int


@dataclass(frozen=True)
class Outcome:
    """How a run ended, in a sentence."""

    ok: bool
    sentence: str


def sow(jobs: Mapping[str, Job]) -> None:
    """Make the rows of the jobs that have none yet."""
    known = ScheduledJob.objects.filter(name__in=jobs).values_list("name", flat=True)
    now = timezone.now()  # within the spread of a first run, whatever the clocks say
    rows = []
    for name in jobs.keys() - set(known):
        plan = first(now, _chance(), jobs[name].every)
        rows.append(ScheduledJob(name=name, planned_at=plan.planned_at, due_at=plan.due_at))
    ScheduledJob.objects.bulk_create(rows, ignore_conflicts=True)


def claim_due(owner: str, jobs: Mapping[str, Job], room: int) -> list[Claim]:
    """Take up to ``room`` of ``jobs`` that are due and that nobody runs, the most overdue first.
    Plans that lie too far ahead are mended on the way."""
    rows = ScheduledJob.objects.filter(_FREE, name__in=jobs).order_by("due_at")
    taken: list[Claim] = []
    for row in rows.annotate(read_at=Now()):
        if row.due_at > row.read_at:
            _mend(row, row.read_at, jobs[row.name].every)
        elif len(taken) < room and (claim := _claim(owner, row.name)) is not None:
            taken.append(claim)
    return taken


def _mend(row: ScheduledJob, now: datetime, every: timedelta) -> None:
    plan = Plan(row.planned_at, row.due_at)
    better = mended(plan, now, every)
    if better != plan:
        unchanged = ScheduledJob.objects.filter(_FREE, pk=row.pk, due_at=row.due_at)
        unchanged.update(planned_at=better.planned_at, due_at=better.due_at)


def _claim(owner: str, name: str) -> Claim | None:
    """One statement decides: of two that try at once the second finds it leased."""
    with transaction.atomic():
        free = ScheduledJob.objects.filter(_FREE, name=name, due_at__lte=Now())
        won = free.update(
            lease_owner=owner,
            lease_epoch=F("lease_epoch") + 1,
            lease_expires_at=Now() + LEASE,
            last_started_at=Now(),
        )
        if not won:
            return None
        return Claim(name, owner, ScheduledJob.objects.get(name=name).lease_epoch)


def renew(owner: str, names: Collection[str]) -> set[str]:
    """Renew the leases that ``owner`` has on the jobs called ``names``; which he still holds."""
    held = ScheduledJob.objects.filter(
        name__in=names, lease_owner=owner, lease_expires_at__gt=Now()
    )
    held.update(lease_expires_at=Now() + LEASE)
    return set(held.values_list("name", flat=True))


def settle(claim: Claim, job: Job, outcome: Outcome) -> bool:
    """Write how the run ended and when the next one is due; False when the job is somebody
    else's by now."""
    with transaction.atomic():
        mine = ScheduledJob.objects.filter(
            name=claim.name, lease_owner=claim.owner, lease_epoch=claim.epoch
        )
        row = mine.select_for_update().annotate(read_at=Now()).first()
        if row is None or row.last_started_at is None:
            return False
        failures = 0 if outcome.ok else row.failures + 1
        plan = _next(row, row.last_started_at, row.read_at, job.every, failures)
        changed: dict[str, Any] = {
            "planned_at": plan.planned_at,
            "due_at": plan.due_at,
            "last_finished_at": row.read_at,
            "last_ok": outcome.ok,
            "last_result": outcome.sentence[:RESULT_CHARACTERS],
            "failures": failures,
            "lease_owner": "",
            "lease_expires_at": None,
        }
        return bool(mine.update(**changed))


def _next(
    row: ScheduledJob, started: datetime, ended: datetime, every: timedelta, failures: int
) -> Plan:
    if failures:
        return after_failure(row.planned_at, started, ended, every, failures, _chance())
    return after_success(row.planned_at, started, ended, every)


def _chance() -> float:
    return random.random()  # noqa: S311  spreads starts, keeps no secret


def ask_now(name: str) -> bool:
    """Let the job be due at once, unless it runs just now; whether it is due."""
    return bool(ScheduledJob.objects.filter(_FREE, name=name).update(due_at=Now()))
