"""Runs the scheduled jobs, beside each gateway: plain asyncio over their rows.

A job runs in a thread of its own, which nobody can stop: its lease is renewed while it lives,
and when the process ends without waiting for it, the lease runs out and the next gateway runs
the job again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

from core import tenancy
from core.background import jobs
from core.background.jobs import Job
from core.background.poll_loop import Looks
from sessions_app.scheduler import queue
from sessions_app.scheduler.queue import Claim, Outcome

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

AT_ONCE = 3  # so that one that hangs does not hold up the others


class Run(Protocol):
    """Runs a synchronous function, one whole transaction, beside the event loop."""

    def __call__(self, function: Callable[[], Result], /) -> Awaitable[Result]: ...


class _OwnThreads(Executor):
    """A thread for each call, which does not keep the process when that ends."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        target = partial(self._call, future, partial(fn, *args, **kwargs))
        threading.Thread(target=target, name="job", daemon=True).start()
        return future

    @staticmethod
    def _call(future: Future[Any], act: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = act()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)


@dataclass(frozen=True)
class Pace:
    """Seconds from one look at the rows to the next, from one renewal of the leases to the next,
    and for what runs when the process is to end."""

    look: float = 5.0
    renew: float = 15.0
    goodbye: float = 2.0


class JobRunner:
    """One process's share of the work. ``run`` is the thread that talks to the database;
    ``clean`` takes out of a sentence what nobody should read in it."""

    def __init__(
        self,
        run: Run,
        clean: Callable[[str], str],
        registered: Callable[[], Mapping[str, Job]] = jobs.registered,
        pace: Pace = Pace(),
    ) -> None:
        self._run, self._clean, self._registered, self._pace = run, clean, registered, pace
        self._owner = f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._alive: set[str] = set()  # the jobs whose thread lives
        self._renewed_at, self._sown = 0.0, False
        self._looks = Looks(self._look, pace.look, "scheduled jobs")

    async def run(self, stop: asyncio.Event) -> None:
        """Run what is due until ``stop``; then what runs gets a moment to end."""
        await self._looks.until(stop)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._pace.goodbye)

    async def _look(self) -> None:
        if not self._sown:
            await self._run(partial(queue.sow, self._registered()))
            self._sown = True
        await self._renew()
        room = AT_ONCE - len(self._under_way)
        running = set(self._under_way.values())
        known = {name: job for name, job in self._registered().items() if name not in running}
        if room <= 0 or not known:
            return
        for claim in await self._run(partial(queue.claim_due, self._owner, known, room)):
            task = asyncio.create_task(self._work(claim, known[claim.name]))
            self._under_way[task] = claim.name
            task.add_done_callback(self._ended)

    async def _renew(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._alive or now - self._renewed_at < self._pace.renew:
            return
        self._renewed_at = now
        names = frozenset(self._alive)
        held = await self._run(partial(queue.renew, self._owner, names))
        for name in names - held:
            logger.warning("A job runs on without its lease", extra={"job": name})

    async def _work(self, claim: Claim, job: Job) -> None:
        self._alive.add(job.name)
        try:
            outcome = await self._outcome(job)
        finally:
            self._alive.discard(job.name)
        quiet = logging.DEBUG if job.every < timedelta(minutes=1) else logging.INFO
        level = quiet if outcome.ok else logging.ERROR
        logger.log(level, "Job ended", extra={"job": job.name, "result": outcome.sentence})
        if not await self._run(partial(queue.settle, claim, job, outcome)):
            logger.warning("A job ended after its lease; it is run again", extra={"job": job.name})

    async def _outcome(self, job: Job) -> Outcome:
        threads: Any = _OwnThreads()  # any executor will do, whatever asgiref says
        in_its_thread = sync_to_async(_call, thread_sensitive=False, executor=threads)
        try:
            return Outcome(True, self._clean(await in_its_thread(job.run)))
        except Exception as error:
            logger.exception("A job failed", extra={"job": job.name})
            said = (str(error).splitlines() or [""])[0]
            return Outcome(False, self._clean(f"{type(error).__name__}: {said}".rstrip(": ")))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._looks.soon()  # there is room for another one
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A job's outcome is not written; it is run again", exc_info=error)


def _call(run: Callable[[], str]) -> str:
    try:
        with tenancy.everyone():  # jobs are the installation's, not an account's
            return run()
    finally:
        connections.close_all()
