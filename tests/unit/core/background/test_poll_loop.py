"""The poll loop of the workers: poll, pause, poll again, and survive failures."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.background.poll_loop import PollLoop
from core.data.errors import DatabaseUnavailable

PATIENCE_SECONDS = 20.0
LONG_SECONDS = 3_600.0  # so that only a call wakes it


class Polls:
    """Counts polls; the first of them end with ``errors``, one each."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.count = list(errors), 0
        self.polled = asyncio.Event()

    async def poll(self) -> None:
        self.count += 1
        self.polled.set()
        if self.errors:
            raise self.errors.pop(0)


async def _next(polls: Polls) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await polls.polled.wait()
    polls.polled.clear()


async def test_it_polls_at_once_and_when_it_is_woken() -> None:
    polls, stop = Polls(), asyncio.Event()
    loop = PollLoop(polls.poll, LONG_SECONDS, "mails")
    running = asyncio.create_task(loop.run_until(stop))

    await _next(polls)
    loop.wake()
    await _next(polls)

    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)
    assert (polls.count, loop.stopping) == (2, True)


async def test_it_polls_again_after_the_interval() -> None:
    polls, stop = Polls(), asyncio.Event()
    running = asyncio.create_task(PollLoop(polls.poll, 0.001, "mails").run_until(stop))

    for _ in range(3):
        await _next(polls)

    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)


async def test_it_logs_a_failure_and_polls_again(caplog: pytest.LogCaptureFixture) -> None:
    polls, stop = Polls(DatabaseUnavailable(), ValueError("a bug")), asyncio.Event()
    with caplog.at_level(logging.WARNING, "core.background.poll_loop"):
        running = asyncio.create_task(PollLoop(polls.poll, 0.001, "mails").run_until(stop))
        for _ in range(3):
            await _next(polls)
        stop.set()
        await asyncio.wait_for(running, PATIENCE_SECONDS)

    unavailable, failed = caplog.records[:2]
    assert unavailable.getMessage() == "The database is unavailable; mails wait"
    assert unavailable.exc_info is None
    assert failed.getMessage() == "Polling for mails failed; polling continues"
    assert failed.exc_info is not None


async def test_it_does_not_poll_after_a_stop() -> None:
    polls, stop = Polls(), asyncio.Event()
    stop.set()

    loop = PollLoop(polls.poll, LONG_SECONDS, "mails")
    await asyncio.wait_for(loop.run_until(stop), PATIENCE_SECONDS)

    assert polls.count == 0
