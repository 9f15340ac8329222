"""A gateway in the test's process, on the real database, with scripted engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from conversations.ledger.gateway_ports import DatabaseMessageSink, DatabaseOutgoingQueue
from core.data.db_threads import Run, Transactions
from core.data.errors import DatabaseUnavailable
from sessions_app.engine import engine_events as engine
from sessions_app.engine.protocol import HEARTBEAT_SECONDS
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.supervisor import Gateway
from sessions_app.hints import GATEWAY_GROUP, SESSION_WANTED, send_hint
from sessions_app.models import Session, SessionEvent
from sessions_app.store.channel_hints import ChannelHints
from sessions_app.store.session_store import DatabaseSessionStore
from tests.integration.sessions_app.gateway.clock import running_clock
from tests.integration.sessions_app.gateway.scripted_engine import (
    ScriptedEngine,
    ScriptedEngines,
)

OWNER = "one"
PATIENCE_SECONDS = 60.0  # real ones
HEALTH_SECONDS = 1.0
LOOK_SECONDS = 0.002
Result = TypeVar("Result")


class CountedTransactions(Transactions):
    """Transactions that a test can wait for, because the clock must not skip over them. While
    ``away`` is set, the database does not answer those of the gateway's store."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = 0
        self.away = False

    async def run(self, function: Callable[[], Result]) -> Result:
        if self.away:
            raise DatabaseUnavailable("no answer")
        self.under_way += 1
        try:
            return await super().run(function)
        finally:
            self.under_way -= 1


# One for all tests: its threads keep their connections as long as they live.
TRANSACTIONS = CountedTransactions()


class CountedStore(DatabaseSessionStore):
    """The store, whose renewals take no thread of the transactions, and are counted with them."""

    async def renew(self) -> set[UUID]:
        if TRANSACTIONS.away:
            raise DatabaseUnavailable("no answer")
        TRANSACTIONS.under_way += 1
        try:
            return await super().renew()
        finally:
            TRANSACTIONS.under_way -= 1


class Gate:
    """Runs transactions, and holds them back while it is closed."""

    def __init__(self) -> None:
        self.waiting = 0
        self._open = asyncio.Event()
        self._open.set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def run(self, function: Callable[[], Result]) -> Result:
        self.waiting += 1
        await self._open.wait()
        self.waiting -= 1
        return await TRANSACTIONS.run(function)


class Stage:
    """A running gateway with one session."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session_id = session.pk
        self.engines = ScriptedEngines()
        self.ledger = Gate()
        self._ends = asyncio.Event()
        run: Run = TRANSACTIONS.run
        self._gateway = Gateway(
            GatewaySettings(data_dir=folder, health_seconds=HEALTH_SECONDS),
            store=CountedStore(OWNER, "here", 1, TRANSACTIONS),
            hints=ChannelHints(),
            sink=DatabaseMessageSink(self.ledger.run),
            outgoing=DatabaseOutgoingQueue(run),
            launch=self.engines.launch,
            now=running_clock().now,
        )
        self._task = asyncio.create_task(self._gateway.run(self._ends))

    async def stop(self) -> None:
        """Stop the gateway, and wait for its end."""
        self._ends.set()
        await asyncio.wait_for(self._task, PATIENCE_SECONDS)

    async def end(self) -> None:
        await self.stop()
        await self.engines.end()

    async def started(self, number: int = 1) -> ScriptedEngine:
        """Wait until the session's client has been started ``number`` times. Returns the engine
        that got the last start."""
        await self.until(lambda: sum(len(e.runs) for e in self.engines.running) >= number)
        return next(e for e in reversed(self.engines.running) if e.runs)

    async def connected(self, number: int = 1) -> ScriptedEngine:
        """Let the ``number``-th start connect, and any later one, until the row is ready."""
        await self.started(number)
        row, reported = await self.row(), set[str]()

        async def look() -> bool:
            latest = next(e for e in reversed(self.engines.running) if e.runs)
            if latest.alive and latest.runs[-1] not in reported:
                reported.add(latest.runs[-1])
                latest.report(engine.Connected(row.jid, row.phone_number))
            return await self.read(
                lambda: Session.objects.get(pk=self.session_id).status == "ready"
            )

        await self._until(look)
        return next(e for e in reversed(self.engines.running) if e.runs)

    async def skip(self, seconds: float) -> None:
        """Move the clock forward, in steps that leave the engines time for their heartbeats.
        Nothing that is under way is skipped over, as its timeout would end it."""
        while seconds > 0:
            await self._quiet()
            step, before = min(seconds, HEARTBEAT_SECONDS), self._pings()
            running_clock().skip(step)
            seconds -= step
            if step == HEARTBEAT_SECONDS:
                await self.until(lambda pings=before: self._all_answered(pings))  # type: ignore[misc]
        await self._quiet()

    async def _quiet(self) -> None:
        """Wait until two looks in a row find no transaction and no new command."""
        quiet, commands = 0, -1
        while quiet < 2:
            await asyncio.sleep(LOOK_SECONDS)
            known, commands = commands, self.engines.handled
            still = TRANSACTIONS.under_way == 0 and commands == known
            quiet = quiet + 1 if still else 0

    def _pings(self) -> dict[ScriptedEngine, int]:
        return {one: one.pings for one in self.engines.alive}

    def _all_answered(self, before: dict[ScriptedEngine, int]) -> bool:
        return all(one.pings > count for one, count in before.items() if one.alive)

    async def hint(self) -> None:
        """Tell the gateway to read the session's row again."""
        hint = {"type": SESSION_WANTED, "session_id": str(self.session_id)}
        await send_hint(GATEWAY_GROUP, hint)

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait until ``ready``, which looks at the engines."""

        async def look() -> bool:
            return ready()

        await self._until(look)

    async def until_row(self, ready: Callable[[], bool]) -> None:
        """Wait until ``ready``, which looks at the database."""
        await self._until(lambda: self.read(ready))

    async def _until(self, ready: Callable[[], Awaitable[bool]]) -> None:
        deadline = asyncio.get_running_loop().time() - running_clock().skipped + PATIENCE_SECONDS
        while not await ready():
            passed = asyncio.get_running_loop().time() - running_clock().skipped
            assert passed < deadline, "the condition did not come true"
            await asyncio.sleep(LOOK_SECONDS)

    async def read(self, read: Callable[[], Result]) -> Result:
        """Return what ``read`` finds in the database."""
        return await TRANSACTIONS.run(read)

    async def row(self) -> Session:
        return await self.read(lambda: Session.objects.get(pk=self.session_id))

    @contextmanager
    def database_away(self) -> Iterator[None]:
        """Let the gateway's transactions fail within the block."""
        TRANSACTIONS.away = True
        try:
            yield
        finally:
            TRANSACTIONS.away = False

    async def change_row(self, **columns: object) -> None:
        """Write to the row as another gateway or the site does."""
        await self.read(lambda: Session.objects.filter(pk=self.session_id).update(**columns))

    async def events(self) -> list[str]:
        """Return the events of the session's timeline, oldest first."""
        rows = SessionEvent.objects.filter(session=self.session_id).order_by("version")
        return await self.read(lambda: list(rows.values_list("event", flat=True)))


@asynccontextmanager
async def running(session: Session, folder: Path) -> AsyncIterator[Stage]:
    """A gateway that runs ``session`` until the end of the block."""
    stage = Stage(session, folder)
    try:
        yield stage
    finally:
        stage.ledger.open()
        await stage.end()
