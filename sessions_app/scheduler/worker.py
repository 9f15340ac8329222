"""Runs the scheduled jobs, beside each gateway.

A job runs in a thread of its own, which cannot be stopped. Its lease is renewed while the thread
lives; if the process ends first, the lease expires and the next gateway runs the job again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from core import tenancy
from core.background import jobs
from core.background.jobs import Job
from core.background.own_thread import run_in_own_thread
from core.background.worker import Work, Worker
from core.data.db_threads import Run
from sessions_app.scheduler import queue
from sessions_app.scheduler.queue import ClaimedJob, JobResult

logger = logging.getLogger(__name__)

AT_ONCE = 3  # so that a job that hangs does not block the others
_LOGGED_EVERY = timedelta(minutes=1)  # the success of more frequent jobs is not worth a line


@dataclass(frozen=True)
class Pace:
    """Seconds between polls, between renewals of the leases, and for running jobs to end after a
    stop."""

    poll: float = 5.0
    renew: float = 15.0
    stop: float = 2.0


class JobRunner(Work[ClaimedJob]):
    """One process's share of the jobs. ``run`` runs a transaction in a thread; ``clean`` removes
    secrets from a sentence."""

    def __init__(
        self,
        run: Run,
        clean: Callable[[str], str],
        registered: Callable[[], Mapping[str, Job]] = jobs.registered,
        pace: Pace = Pace(),
    ) -> None:
        self._run, self._clean, self._registered, self._pace = run, clean, registered, pace
        self._owner = f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._alive: set[str] = set()  # jobs whose thread is running
        self._renewed_at, self._rows_created = 0.0, False
        self._worker = Worker(
            self,
            "scheduled jobs",
            concurrency=AT_ONCE,
            poll_seconds=pace.poll,
            stop_seconds=pace.stop,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Run what is due until ``stop``; running jobs then get a moment to end."""
        await self._worker.run(stop)

    async def maintain(self) -> None:
        if not self._rows_created:
            await self._run(partial(queue.create_missing, self._registered()))
            self._rows_created = True
        now = asyncio.get_running_loop().time()
        if self._alive and now - self._renewed_at >= self._pace.renew:
            self._renewed_at = now
            await self._renew(frozenset(self._alive))

    async def _renew(self, names: frozenset[str]) -> None:
        held = await self._run(partial(queue.renew, self._owner, names))
        for name in names - held:
            logger.warning("A job runs on without its lease", extra={"job": name})

    async def claim(self, room: int) -> AsyncIterator[ClaimedJob]:
        running = {claimed.name for claimed in self._worker.in_hand}
        known = {name: job for name, job in self._registered().items() if name not in running}
        if known:
            for claimed in await self._run(partial(queue.claim_due, self._owner, known, room)):
                yield claimed

    async def do(self, piece: ClaimedJob) -> None:
        job = self._registered()[piece.name]
        self._alive.add(job.name)
        try:
            result = await self._result(job)
        finally:
            self._alive.discard(job.name)
        if not result.ok or job.every >= _LOGGED_EVERY:
            level = logging.INFO if result.ok else logging.ERROR
            logger.log(level, "Job ended", extra={"job": job.name, "result": result.sentence})
        if not await self._run(partial(queue.finish, piece, job, result)):
            logger.warning("A job outlasted its lease; it runs again", extra={"job": job.name})

    async def _result(self, job: Job) -> JobResult:
        try:
            return JobResult(True, self._clean(await run_in_own_thread(partial(_call, job.run))))
        except Exception as error:
            logger.exception("A job failed", extra={"job": job.name})
            reason = (str(error).splitlines() or [""])[0]
            return JobResult(False, self._clean(f"{type(error).__name__}: {reason}".rstrip(": ")))

    async def give_back(self, pieces: Sequence[ClaimedJob]) -> None:
        """Keep the leases: the threads of these jobs may still be running."""


def _call(run: Callable[[], str]) -> str:
    with tenancy.everyone():  # jobs belong to the installation, not to an account
        return run()
