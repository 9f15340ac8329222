from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from core.background import jobs
from core.background.jobs import Job
from sessions_app.models import ScheduledJob
from tests.integration.sessions_app.cleanup.conftest import keys as keys

DAY = timedelta(days=1)
AddJob = Callable[..., Job]


@pytest.fixture
def add_job() -> Iterator[AddJob]:
    """Registers jobs; during the test there are no others."""
    known = dict(jobs._JOBS)
    jobs._JOBS.clear()

    def add(run: Callable[[], str] = lambda: "Done.", name: str = "tidy") -> Job:
        job = Job(name, f"Title of {name}", DAY, run)
        jobs.register_job(job)
        return job

    yield add
    jobs._JOBS.clear()
    jobs._JOBS.update(known)


def make_job(name: str = "tidy", late: timedelta = timedelta(seconds=1), **columns: object) -> None:
    """Create the row of the job ``name``, overdue by ``late``; ``columns`` win."""
    at = timezone.now() - late
    ScheduledJob.objects.create(**{"name": name, "planned_at": at, "due_at": at, **columns})


def row(name: str = "tidy") -> ScheduledJob:
    return ScheduledJob.objects.get(name=name)
