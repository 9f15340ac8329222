"""The rows of jobs: who may run one, until when, and what is written when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.background.jobs import Job, registered
from sessions_app.models import ScheduledJob
from sessions_app.scheduler import queue
from sessions_app.scheduler.queue import ClaimedJob, JobResult
from tests.integration.at_once import meet, only_on_postgresql
from tests.integration.sessions_app.scheduler.conftest import DAY, AddJob, make_job, row

MINUTE = timedelta(minutes=1)
SUCCESS = JobResult(True, "Deleted 3 things.")


def claim(owner: str = "one") -> list[ClaimedJob]:
    return queue.claim_due(owner, registered(), 10)


@pytest.mark.django_db
def test_it_creates_missing_rows_once_and_due_soon(add_job: AddJob) -> None:
    add_job(name="tidy")
    queue.create_missing(registered())
    before = row().due_at
    add_job(name="count")

    queue.create_missing(registered())

    assert row().due_at == before
    assert {one.due_at - timezone.now() > MINUTE * 0.9 for one in ScheduledJob.objects.all()} == {
        True
    }
    assert claim() == []


@pytest.mark.django_db
def test_it_gives_a_due_job_to_one_gateway(add_job: AddJob) -> None:
    add_job()
    make_job()

    (mine,) = claim("one")

    assert (mine.name, row().lease_owner, row().lease_epoch) == ("tidy", "one", 1)
    assert claim("two") == []


@pytest.mark.django_db(transaction=True)
@only_on_postgresql
def test_it_lets_one_of_two_simultaneous_claims_succeed(add_job: AddJob) -> None:
    add_job()
    make_job()

    assert meet(lambda: claim("one"), lambda: claim("two")) == []
    assert row().lease_owner == "one"


@pytest.mark.django_db
def test_it_claims_the_most_overdue_as_room_allows(add_job: AddJob) -> None:
    for name, late in (("a", MINUTE), ("b", 3 * MINUTE), ("c", 2 * MINUTE)):
        add_job(name=name)
        make_job(name, late)

    taken = queue.claim_due("one", registered(), 2)

    assert [one.name for one in taken] == ["b", "c"]


@pytest.mark.django_db
def test_it_leaves_jobs_of_another_release_alone(add_job: AddJob) -> None:
    add_job()
    make_job("unknown")

    assert claim() == []


@pytest.mark.django_db
def test_it_writes_nothing_after_a_gateway_lost_the_lease(add_job: AddJob) -> None:
    job = add_job()
    make_job()
    (late,) = claim("one")
    ScheduledJob.objects.update(lease_expires_at=timezone.now() - MINUTE)
    (mine,) = claim("two")

    assert queue.renew("one", ["tidy"]) == set()
    assert not queue.finish(late, job, JobResult(False, "Too late"))
    assert (row().lease_owner, row().last_result) == ("two", "")
    assert queue.finish(mine, job, SUCCESS)


@pytest.mark.django_db
def test_it_renews_a_lease_that_is_held(add_job: AddJob) -> None:
    add_job()
    make_job()
    claim("one")
    soon = timezone.now() + timedelta(seconds=5)
    ScheduledJob.objects.update(lease_expires_at=soon)

    assert queue.renew("one", ["tidy", "other"]) == {"tidy"}

    expires = row().lease_expires_at
    assert expires is not None and expires > soon


@pytest.mark.django_db
def test_it_makes_a_successful_job_due_after_the_interval(add_job: AddJob) -> None:
    job = add_job()
    make_job(late=MINUTE)
    planned = row().planned_at
    (mine,) = claim()

    queue.finish(mine, job, SUCCESS)

    after = row()
    assert after.due_at == after.planned_at == planned + DAY
    assert (after.last_ok, after.last_result, after.failures) == (True, "Deleted 3 things.", 0)
    assert (after.lease_owner, after.lease_expires_at) == ("", None)
    assert claim() == []


@pytest.mark.django_db
def test_it_counts_failures_and_retries_them_soon(add_job: AddJob) -> None:
    job = add_job()
    make_job()

    for failures, minutes in ((1, 1), (2, 5), (3, 15), (4, 60)):
        (mine,) = claim()
        queue.finish(mine, job, JobResult(False, "OSError: the disk is full"))
        assert row().failures == failures
        assert row().due_at > timezone.now() + minutes * MINUTE * 0.9
        ScheduledJob.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    (mine,) = claim()
    queue.finish(mine, job, SUCCESS)
    assert (row().failures, row().last_ok) == (0, True)


@pytest.mark.django_db
def test_it_truncates_a_long_result(add_job: AddJob) -> None:
    job = add_job()
    make_job()
    (mine,) = claim()

    queue.finish(mine, job, JobResult(True, "x" * 5000))

    assert len(row().last_result) == queue.RESULT_CHARACTERS


@pytest.mark.django_db
def test_it_corrects_the_schedule_of_a_wrong_clock(add_job: AddJob) -> None:
    add_job()
    make_job(late=-timedelta(days=400))

    assert claim() == []

    assert row().due_at - timezone.now() <= DAY


@pytest.mark.django_db
def test_it_makes_a_job_due_on_run_now(add_job: AddJob) -> None:
    job: Job = add_job()
    make_job(late=-timedelta(hours=20))
    planned = row().planned_at

    assert queue.run_now("tidy")
    (mine,) = claim()
    assert not queue.run_now("tidy")  # it runs
    queue.finish(mine, job, SUCCESS)

    assert row().planned_at == planned
