"""The job runner: jobs run in threads beside the event loop, each once per interval."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from core import tenancy
from core.data.errors import DatabaseUnavailable
from core.logs.redaction import redact
from sessions_app.models import ScheduledJob
from sessions_app.scheduler.worker import JobRunner, Pace
from tests.integration.notifications.webhooks.working import run, until
from tests.integration.sessions_app.scheduler.conftest import AddJob, make_job, row

PROJECT = Path(__file__).resolve().parents[4]
pytestmark = pytest.mark.django_db(transaction=True)


QUICK = Pace(poll=0.02, renew=0.0, stop=0.3)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Blocks the jobs that wait for it; opened at the end."""
    event = threading.Event()
    yield event
    event.set()


def runner(transactions: Any) -> JobRunner:
    return JobRunner(transactions, redact, pace=QUICK)


@asynccontextmanager
async def running(count: int = 1) -> AsyncIterator[None]:
    """``count`` runners work within the block."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(runner(run).run(stop)) for _ in range(count)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def _ended() -> bool:
    return row().last_finished_at is not None


async def test_it_runs_a_job_once_with_two_runners(add_job: AddJob) -> None:
    ran: list[str] = []
    add_job(lambda: ran.append("x") or "Deleted 3 things.")  # type: ignore[func-returns-value]
    add_job(name="later")
    await run(make_job)

    async with running(2):
        await until(_ended, "the end of the job")
        await until(lambda: ScheduledJob.objects.filter(name="later").exists(), "its row")

    assert ran == ["x"]
    found = await run(row)
    assert (found.last_ok, found.last_result) == (True, "Deleted 3 things.")


async def test_it_reads_all_rows_in_a_jobs_thread(add_job: AddJob) -> None:
    add_job(lambda: f"{tenancy.current()} {threading.current_thread() is threading.main_thread()}")
    await run(make_job)

    with tenancy.no_one():
        async with running():
            with tenancy.everyone():
                await until(_ended, "the end of the job")

    assert (await run(row)).last_result == "Everyone.EVERYONE False"


async def test_it_reports_a_failure_in_one_sentence_without_secrets(add_job: AddJob) -> None:
    def fail() -> str:
        raise OSError("postgres://pairline:hunter2@db/x does not answer +351911111111\nmore")

    add_job(fail)
    add_job(name="well")
    await run(make_job)
    await run(lambda: make_job("well"))

    async with running():
        await until(_ended, "the failure")
        await until(lambda: row("well").last_ok, "the other job")

    failed = await run(row)
    assert (failed.last_ok, failed.failures) == (False, 1)
    assert failed.last_result.startswith("OSError: postgres://…@db/x does not answer")
    for secret in ("hunter2", "911111111", "more"):
        assert secret not in failed.last_result


async def test_it_keeps_the_lease_of_a_hanging_job(add_job: AddJob, gate: threading.Event) -> None:
    add_job(lambda: str(gate.wait(30)), "hangs")
    add_job(name="quick")
    await run(lambda: make_job("hangs"))

    async with running():
        await until(lambda: row("hangs").lease_expires_at, "its start")
        soon = timezone.now() + timedelta(seconds=20)
        await run(lambda: ScheduledJob.objects.update(lease_expires_at=soon))
        await run(lambda: ScheduledJob.objects.filter(name="quick").delete())
        await run(lambda: make_job("quick"))
        await until(lambda: row("quick").last_ok, "the other job")
        await until(lambda: (row("hangs").lease_expires_at or soon) > soon, "a renewal")
        gate.set()
        await until(lambda: row("hangs").last_ok, "its end")


async def test_it_starts_the_next_job_when_one_ends(add_job: AddJob) -> None:
    names = [f"job{number}" for number in range(7)]
    for name in names:
        add_job(name=name)
        await run(lambda name=name: make_job(name))  # type: ignore[misc]
    stop = asyncio.Event()
    slow = JobRunner(run, redact, pace=Pace(poll=600, stop=1))
    task = asyncio.create_task(slow.run(stop))

    await until(lambda: ScheduledJob.objects.filter(last_ok=True).count() == 7, "all of them")
    stop.set()
    await task


async def test_it_runs_jobs_of_a_dead_gateway_again(add_job: AddJob) -> None:
    add_job()
    await run(lambda: make_job(lease_owner="dead", lease_expires_at=timezone.now()))

    async with running():
        await until(_ended, "the job")

    assert (await run(row)).last_ok


async def test_it_continues_when_the_database_is_back(add_job: AddJob) -> None:
    add_job()
    await run(make_job)
    refused: list[int] = []

    async def unreliable(function: Callable[[], Any]) -> Any:
        if len(refused) < 3:
            refused.append(1)
            raise DatabaseUnavailable("gone")
        return await run(function)

    stop = asyncio.Event()
    task = asyncio.create_task(runner(unreliable).run(stop))
    await until(_ended, "the job")
    stop.set()
    await task

    assert len(refused) == 3


async def test_it_stops_within_seconds_and_keeps_the_lease(
    add_job: AddJob, gate: threading.Event
) -> None:
    add_job(lambda: str(gate.wait(30)))
    await run(make_job)
    began = 0.0

    async with running():
        await until(lambda: row().lease_expires_at, "its start")
        began = time.monotonic()

    assert time.monotonic() - began < 5
    assert (await run(row)).last_finished_at is None
    assert (await run(row)).lease_owner


def test_it_exits_the_process_while_a_job_hangs() -> None:
    """As run_gateway exits: the loop is closed, and Python does not wait for the job's thread."""
    program = """
import asyncio, time, django
django.setup()
from datetime import timedelta
from core.background.jobs import Job
from core.background.row_queue import Lease
from sessions_app.scheduler.queue import ClaimedJob
from sessions_app.scheduler.worker import JobRunner

async def main():
    runner, stop = JobRunner(answer, str, lambda: {"a": job}), asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    while not started:
        await asyncio.sleep(0.01)
    stop.set()
    await task
    print("stopped", flush=True)

async def answer(function):
    return [ClaimedJob("a", Lease("a", ()))] if function.func.__name__ == "claim_due" else None

started = []
job = Job("a", "A", timedelta(days=1), lambda: started.append(1) or time.sleep(600) or "")
asyncio.run(main())
"""
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"DJANGO_SETTINGS_MODULE": "config.settings", "DJANGO_SECRET_KEY": "x" * 50},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert ended.stdout == "stopped\n"
    assert time.monotonic() - began < 30
