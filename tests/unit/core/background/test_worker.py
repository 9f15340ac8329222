"""The worker: limited concurrency, isolated failures, and an orderly stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from core.background.worker import Work, Worker
from core.data.errors import DatabaseUnavailable

PATIENCE_SECONDS = 20.0
LONG_SECONDS = 3_600.0  # so that only a wake-up causes the next poll


class Parcels(Work[int]):
    """Pieces of work that last until ``open`` lets them end; those in ``bad`` fail."""

    def __init__(self, *waiting: int, bad: Sequence[int] = ()) -> None:
        self.waiting, self.bad = list(waiting), bad
        self.at_once = self.most_at_once = self.maintained = 0
        self.done: list[int] = []
        self.given_back: list[int] = []
        self.refuses_to_take_back = False
        self.unclaimable: Sequence[int] = []
        self.open = asyncio.Event()
        self.changed = asyncio.Event()

    async def maintain(self) -> None:
        self.maintained += 1
        self.changed.set()

    async def claim(self, room: int) -> AsyncIterator[int]:
        for _ in range(min(room, len(self.waiting))):
            if self.waiting[0] in self.unclaimable:
                self.unclaimable = []
                raise DatabaseUnavailable
            yield self.waiting.pop(0)

    async def do(self, piece: int) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.changed.set()
        try:
            await self.open.wait()
        finally:
            self.at_once -= 1
        if piece in self.bad:
            raise ValueError("a bug")
        self.done.append(piece)
        self.changed.set()

    async def give_back(self, pieces: Sequence[int]) -> None:
        if self.refuses_to_take_back:
            raise OSError("gone")
        self.given_back += pieces

    async def until(self, count: int, of: str) -> None:
        """Wait until the counter or list called ``of`` has reached ``count``."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (len(found) if isinstance(found := getattr(self, of), list) else found) < count:
                await self.changed.wait()
                self.changed.clear()


@asynccontextmanager
async def working(
    parcels: Parcels, concurrency: int = 2, stop_seconds: float = PATIENCE_SECONDS
) -> AsyncIterator[Worker[int]]:
    stop = asyncio.Event()
    worker = Worker(
        parcels,
        "parcels",
        concurrency=concurrency,
        poll_seconds=LONG_SECONDS,
        stop_seconds=stop_seconds,
    )
    task = asyncio.create_task(worker.run(stop))
    try:
        yield worker
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE_SECONDS)


async def test_it_does_no_more_at_once_than_it_may() -> None:
    parcels = Parcels(*range(7))

    async with working(parcels, concurrency=3) as worker:
        await parcels.until(3, "at_once")
        assert worker.in_hand == [0, 1, 2]
        parcels.open.set()
        await parcels.until(7, "done")

    assert (parcels.most_at_once, sorted(parcels.done)) == (3, list(range(7)))


async def test_it_polls_at_once_after_a_hint() -> None:
    parcels = Parcels()
    parcels.open.set()

    async with working(parcels) as worker:
        await parcels.until(1, "maintained")
        parcels.waiting.append(1)
        worker.wake()
        await parcels.until(1, "done")


async def test_it_continues_maintenance_without_free_slots() -> None:
    parcels = Parcels(1, 2, 3)

    async with working(parcels) as worker:
        await parcels.until(2, "at_once")
        polls = parcels.maintained
        worker.wake()
        await parcels.until(polls + 1, "maintained")
        assert parcels.waiting == [3]
        parcels.open.set()


async def test_it_logs_a_failure_and_continues_with_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    parcels = Parcels(1, 2, 3, bad=[1])
    parcels.open.set()

    with caplog.at_level(logging.ERROR, "core.background.worker"):
        async with working(parcels):
            await parcels.until(2, "done")

    assert sorted(parcels.done) == [2, 3]
    (record,) = caplog.records
    assert record.getMessage() == "Work on parcels failed; it is retried when its lease expires"
    assert record.exc_info is not None


async def test_it_loses_no_work_when_a_claim_fails_halfway() -> None:
    parcels = Parcels(1, 2)
    parcels.unclaimable = [2]
    parcels.open.set()

    async with working(parcels):
        await parcels.until(2, "done")

    assert parcels.done == [1, 2]


async def test_it_waits_for_running_work_when_it_stops() -> None:
    parcels = Parcels(1, 2, 3)

    async with working(parcels) as worker:
        await parcels.until(2, "at_once")
        asyncio.get_running_loop().call_soon(parcels.open.set)

    assert worker.stopping
    assert (sorted(parcels.done), parcels.waiting, parcels.given_back) == ([1, 2], [3], [])


async def test_it_gives_back_work_that_outlasts_the_stop() -> None:
    parcels = Parcels(1, 2, 3)

    async with working(parcels, stop_seconds=0.0):
        await parcels.until(2, "at_once")

    assert (parcels.done, sorted(parcels.given_back), parcels.at_once) == ([], [1, 2], 0)


async def test_it_stops_although_nothing_can_be_given_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    parcels = Parcels(1)
    parcels.refuses_to_take_back = True

    with caplog.at_level(logging.ERROR, "core.background.worker"):
        async with working(parcels, stop_seconds=0.0):
            await parcels.until(1, "at_once")

    (record,) = caplog.records
    assert record.getMessage() == "Could not give back parcels; their leases expire"
