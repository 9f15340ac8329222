"""The round of the workers: look, rest, look again, whatever happens."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.background.poll_loop import Looks
from core.data.errors import StoreUnavailable

PATIENCE_SECONDS = 20.0
LONG_SECONDS = 3_600.0  # so that only a call wakes it


class Work:
    """Counts its looks; the first of them ends with each of ``faults`` in turn."""

    def __init__(self, *faults: Exception) -> None:
        self.faults, self.count = list(faults), 0
        self.looked = asyncio.Event()

    async def look(self) -> None:
        self.count += 1
        self.looked.set()
        if self.faults:
            raise self.faults.pop(0)


async def _next(work: Work) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await work.looked.wait()
    work.looked.clear()


async def test_it_looks_at_once_and_again_when_it_is_woken() -> None:
    work, stop = Work(), asyncio.Event()
    looks = Looks(work.look, LONG_SECONDS, "mails")
    running = asyncio.create_task(looks.until(stop))

    await _next(work)
    looks.soon()
    await _next(work)

    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)
    assert (work.count, looks.stopping) == (2, True)


async def test_it_looks_again_by_itself() -> None:
    work, stop = Work(), asyncio.Event()
    running = asyncio.create_task(Looks(work.look, 0.001, "mails").until(stop))

    for _ in range(3):
        await _next(work)

    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)


async def test_a_fault_is_told_and_the_next_look_comes(caplog: pytest.LogCaptureFixture) -> None:
    work, stop = Work(StoreUnavailable(), ValueError("of ours")), asyncio.Event()
    with caplog.at_level(logging.WARNING, "core.background.poll_loop"):
        running = asyncio.create_task(Looks(work.look, 0.001, "mails").until(stop))
        for _ in range(3):
            await _next(work)
        stop.set()
        await asyncio.wait_for(running, PATIENCE_SECONDS)

    away, fault = caplog.records[:2]
    assert (away.getMessage(), away.exc_info) == ("The database does not answer; mails wait", None)
    assert fault.getMessage() == "A look at the mails failed; the next one follows"
    assert fault.exc_info is not None


async def test_it_does_not_look_when_it_is_to_stop() -> None:
    work, stop = Work(), asyncio.Event()
    stop.set()

    await asyncio.wait_for(Looks(work.look, LONG_SECONDS, "mails").until(stop), PATIENCE_SECONDS)

    assert work.count == 0
