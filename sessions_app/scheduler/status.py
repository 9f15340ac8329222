"""The status of the scheduled jobs, for the admin, the command and the health checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models.functions import Now
from django.urls import reverse

from core.background.jobs import registered
from core.health.findings import Finding
from core.health.operator_alerts import Alert
from core.health.severity import Severity
from core.text.units import duration, plural
from sessions_app.models import ScheduledJob
from sessions_app.scheduler.schedule import is_overdue

FAILURES = 3
_MINUTE = timedelta(minutes=1)
SEE = "manage.py cleanup_sessions jobs"


@dataclass(frozen=True)
class JobStatus:
    """The status of a job at ``now``, by the database's clock."""

    name: str
    title: str
    every: timedelta
    due_at: datetime
    running_since: datetime | None
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_ok: bool | None
    last_result: str
    failures: int
    now: datetime

    @property
    def trouble(self) -> str:
        """What is wrong with the job, "" if nothing is."""
        if self.failures >= FAILURES:
            return f"failed {self.failures} times in a row, last with: {self.last_result}"
        if not is_overdue(self.due_at, self.now, self.every):
            return ""
        if self.running_since is not None:
            return f"has been running for {_age(self.now - self.running_since)}"
        return f"should have run {_age(self.now - self.due_at)} ago"

    @property
    def next_run(self) -> str:
        """ "in 2 h", "now", "running for 3 s"."""
        if self.running_since is not None:
            return f"running for {_age(self.now - self.running_since)}"
        wait = self.due_at - self.now
        if wait > _MINUTE:
            wait += _MINUTE / 2  # rounds: a month less a second is not 29 days
        return f"in {_age(wait)}" if wait > timedelta(seconds=1) else "now"

    @property
    def last_run(self) -> str:
        """ "3 min ago", "never"."""
        if self.last_finished_at is None:
            return "never"
        return f"{_age(self.now - self.last_finished_at)} ago"


def job_statuses() -> list[JobStatus]:
    """Return the status of each job that this release has and a gateway has created, by name."""
    rows = ScheduledJob.objects.filter(name__in=registered()).order_by("name")
    return [status_of(row, row.read_at) for row in rows.annotate(read_at=Now())]


def status_of(row: ScheduledJob, now: datetime) -> JobStatus:
    """Return the status of ``row`` at ``now``. A job of another release has only its name."""
    job = registered().get(row.name)
    leased = row.lease_expires_at is not None and row.lease_expires_at > now
    return JobStatus(
        name=row.name,
        title=str(job.title) if job else row.name,
        every=job.every if job else timedelta.max,
        due_at=row.due_at,
        running_since=row.last_started_at if leased else None,
        last_started_at=row.last_started_at,
        last_finished_at=row.last_finished_at,
        last_ok=row.last_ok,
        last_result=row.last_result,
        failures=row.failures,
        now=now,
    )


def alerts() -> Iterable[Alert]:
    """Report jobs that keep failing or are overdue."""
    url = reverse("admin:sessions_app_scheduledjob_changelist")
    step = "Fix the cause, then press Run now."
    for one in job_statuses():
        if one.trouble:
            yield Alert(Severity.ERROR, one.title, one.trouble, step, url)


def findings() -> list[Finding]:
    """Report the same as findings of a health check."""
    every = job_statuses()
    troubled = [one for one in every if one.trouble]
    if troubled:
        return [
            Finding("scheduled jobs", Severity.ERROR, f"{one.name}: {one.trouble}", SEE)
            for one in troubled
        ]
    if not every:
        return [Finding("scheduled jobs", Severity.OK, "none yet: the first gateway creates them")]
    soonest = min(every, key=lambda one: one.due_at)
    text = f"{plural(len(every), 'job')}, next {soonest.name}: {soonest.next_run}"
    return [Finding("scheduled jobs", Severity.OK, text)]


def _age(span: timedelta) -> str:
    return duration(max(0.0, span.total_seconds()))
