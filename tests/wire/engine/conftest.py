"""Fixtures: a simulated WhatsApp for each test process, engines that end with their test, and a
linked number for the tests that leave it linked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sessions_app.engine.protocol import Command, EngineKind
from tests.wire.engine.driver import Engine, Simulator, link

Launch = Callable[..., Awaitable[Engine]]


class Linked(NamedTuple):
    """A number whose keys are in ``store``. No engine runs it."""

    store: Path
    jid: str
    number: str


@pytest.fixture(scope="session")
def whatsapp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Run a simulated WhatsApp for this test process."""
    simulator = Simulator(tmp_path_factory.mktemp("whatsapp"))
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(whatsapp: Simulator) -> Iterator[Simulator]:
    """Return the simulated WhatsApp, and clear its faults after the test."""
    yield whatsapp
    whatsapp.call("DELETE", "/api/faults")


@pytest.fixture
async def launch(simulator: Simulator) -> AsyncIterator[Launch]:
    """Return a function that starts engines, and kill them after the test."""
    engines: list[Engine] = []

    async def begin(kind: EngineKind = EngineKind.RUNNING, **options: Any) -> Engine:
        engines.append(await Engine.launch(simulator, kind, **options))
        return engines[-1]

    yield begin
    for engine in engines:
        await engine.kill()


@pytest.fixture
async def engine(launch: Launch) -> Engine:
    """Start an engine."""
    return await launch()


@pytest.fixture(scope="session")
def linked_once(whatsapp: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Linked:
    """Pair a number once for all tests of this process."""

    async def pair() -> Linked:
        engine = await Engine.launch(whatsapp, EngineKind.LINKING)
        store = tmp_path_factory.mktemp("linked") / "keys.db"
        run, jid, number = await link(engine, whatsapp, store)
        await run.call(Command.STOP)
        await engine.kill()
        return Linked(store, jid, number)

    with ThreadPoolExecutor(1) as pool:  # a thread of its own, away from the loop of pytest
        return pool.submit(lambda: asyncio.run(pair())).result()


@pytest.fixture
def linked(linked_once: Linked, simulator: Simulator) -> Linked:
    """Return a number that is linked and not running. The test must leave it linked."""
    return linked_once
