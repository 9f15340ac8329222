"""Callers that want the same thing share one read, and never get an older one."""

from __future__ import annotations

import asyncio

import pytest

from sessions_app.live.shared_reads import SharedReads


class Row:
    """A value that reads take a moment to return; ``reads`` counts them."""

    def __init__(self) -> None:
        self.value, self.reads = "old", 0
        self.began, self.go = asyncio.Event(), asyncio.Event()

    async def read(self) -> str:
        self.reads += 1
        seen = self.value
        self.began.set()
        await self.go.wait()
        return seen


async def test_it_shares_one_read_between_callers() -> None:
    row, shared = Row(), SharedReads[str]()
    row.go.set()

    results = await asyncio.gather(*(shared.get("row", row.read) for _ in range(250)))

    assert set(results) == {"old"}
    assert row.reads == 1


async def test_it_reads_once_more_for_later_callers() -> None:
    row, shared = Row(), SharedReads[str]()
    early = asyncio.create_task(shared.get("row", row.read))
    await row.began.wait()
    row.value = "new"
    late = [asyncio.create_task(shared.get("row", row.read)) for _ in range(250)]
    row.go.set()

    assert await early == "old"
    assert set(await asyncio.gather(*late)) == {"new"}
    assert row.reads == 2


async def test_it_reads_different_keys_in_parallel() -> None:
    slow, quick, shared = Row(), Row(), SharedReads[str]()
    quick.go.set()
    waiting = asyncio.create_task(shared.get("slow", slow.read))
    await slow.began.wait()

    assert await shared.get("quick", quick.read) == "old"

    slow.go.set()
    await waiting


async def test_it_passes_errors_to_all_callers() -> None:
    async def broken() -> str:
        raise OSError("gone")

    shared = SharedReads[str]()
    results = await asyncio.gather(
        *(shared.get("row", broken) for _ in range(3)), return_exceptions=True
    )

    assert [type(result) for result in results] == [OSError] * 3
    row = Row()
    row.go.set()
    assert await shared.get("row", row.read) == "old"


async def test_it_outlives_a_cancelled_caller() -> None:
    row, shared = Row(), SharedReads[str]()
    first, second = (asyncio.create_task(shared.get("row", row.read)) for _ in range(2))
    await row.began.wait()

    first.cancel()
    row.go.set()

    assert await second == "old"
    with pytest.raises(asyncio.CancelledError):
        await first
