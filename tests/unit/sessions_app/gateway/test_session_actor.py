"""The actor carries out decisions in order and feeds their results back.

The store and the engine are stand-ins behind the gateway's own interfaces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from sessions_app.engine import engine_events as engine
from sessions_app.engine.protocol import Command, EngineKind
from sessions_app.gateway.account_turns import AccountTurns
from sessions_app.gateway.client_slot import STORED_AT_ONCE, Dependencies
from sessions_app.gateway.decisions.actor_events import ClientEvent, EngineEnded
from sessions_app.gateway.engine_pool import Engines
from sessions_app.gateway.engine_process import EngineProcess, EngineUnavailable
from sessions_app.gateway.ports import (
    UNCHANGED,
    Change,
    IncomingMessage,
    LeaseLost,
    NumberTaken,
    OutgoingText,
    Receipt,
    RouteCheck,
    SessionState,
)
from sessions_app.gateway.session_actor import SessionActor
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.start_queue import StartQueue
from sessions_app.lifecycle import Event, Status, next_transition
from tests.unit.sessions_app.gateway.situations import JID, make_state
from tests.unit.sessions_app.gateway.test_engine_rules import PHONE, TEXT

PATIENCE = 30.0


class Row:
    """A store with one row, which follows the lifecycle."""

    def __init__(self, state: SessionState) -> None:
        self.state = state
        self.changes: list[Change] = []
        self.lost = False
        self.number_taken = False
        self.proxy: str | None = None

    @property
    def events(self) -> list[Event]:
        return [change.event for change in self.changes]

    async def read(self, session_id: UUID) -> SessionState | None:
        return None if self.lost else self.state

    async def proxy_of(self, state: SessionState) -> str | None:
        return self.proxy

    async def apply(self, state: SessionState, change: Change) -> SessionState:
        if self.lost:
            raise LeaseLost(str(state.id))
        if self.number_taken and change.device is not UNCHANGED and change.device is not None:
            raise NumberTaken(str(state.id))
        self.changes.append(change)
        transition = next_transition(self.state.status, change.event)
        if transition is not None:
            status, reason = transition.status, transition.reason
            self.state = replace(self.state, status=status, reason=reason)
        if change.device is None:
            self.state = replace(self.state, jid="")
        elif change.device is not UNCHANGED:
            self.state = replace(self.state, jid=change.device.jid)
        return self.state

    async def claim(self, limit: int) -> list[SessionState]:
        return []

    async def free_dead_leases(self) -> int:
        return 0

    async def renew(self) -> set[UUID]:
        return set()

    async def wishes(self) -> list[SessionState]:
        return []

    async def note_proofs(self, proofs: Mapping[UUID, datetime]) -> None: ...

    async def note_phones(self, phones: Mapping[UUID, datetime]) -> None: ...

    async def release(self, session_ids: Sequence[UUID]) -> None: ...

    async def heartbeat(
        self, engines: list[dict[str, Any]], neonize_version: str, trouble: str
    ) -> None: ...

    async def mark_stopped(self) -> None: ...


class Ledger:
    """A message sink and an empty outgoing queue."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.failed_waiting: list[str] = []
        self.refused = ""

    async def store_message(self, session_id: UUID, message: IncomingMessage) -> None:
        if message.text == self.refused:
            raise ValueError(f"the column does not take {message.text}")
        self.texts.append(message.text)

    async def store_receipt(self, session_id: UUID, receipt: Receipt) -> None: ...

    async def waiting(self, session_ids: Sequence[UUID]) -> list[UUID]:
        return []

    async def take(self, session_id: UUID) -> OutgoingText | None:
        return None

    async def sent(self, message_id: UUID, whatsapp_id: str, at: datetime) -> None: ...

    async def failed(self, message_id: UUID, code: str, sentence: str) -> None: ...

    async def put_back(self, message_id: UUID) -> None: ...

    async def in_doubt(self, session_id: UUID) -> dict[str, UUID]:
        return {}

    async def may_have_left(self, message_id: UUID, whatsapp_id: str) -> None: ...

    async def fail_waiting(self, session_id: UUID, code: str, sentence: str) -> None:
        self.failed_waiting.append(code)


class PuppetEngine(EngineProcess):
    """An engine without a process: it records commands and reports what a test tells it to."""

    def __init__(self, kind: EngineKind) -> None:
        self.kind = kind
        self.retiring = self.proxied = False
        self.commands: list[Command] = []
        self.handlers: dict[str, Callable[[ClientEvent], None]] = {}
        self.runs_seen: list[Callable[[ClientEvent], None]] = []

    def follow(self, run: str, handler: Callable[[ClientEvent], None]) -> None:
        self.handlers[run] = handler
        self.runs_seen.append(handler)

    def forget(self, run: str) -> None:
        self.handlers.pop(run, None)

    def tell(self, command: Command, **fields: Any) -> None:
        self.commands.append(command)

    async def ask(self, command: Command, seconds: float, **fields: Any) -> dict[str, Any]:
        self.commands.append(command)
        return {}

    def report(self, event: ClientEvent) -> None:
        for handler in list(self.handlers.values()):
            handler(event)


class PuppetEngines(Engines):
    """A pool that hands out puppets."""

    def __init__(self, settings: GatewaySettings) -> None:
        super().__init__(settings)
        self.reserved: list[PuppetEngine] = []
        self.unavailable = False

    async def reserve(self, kind: EngineKind) -> EngineProcess:
        if self.unavailable:
            raise EngineUnavailable("no library")
        self.reserved.append(PuppetEngine(kind))
        return self.reserved[-1]

    async def reserve_proxied(self, kind: EngineKind) -> EngineProcess:
        engine = await self.reserve(kind)
        engine.proxied = True
        return engine


class Stage:
    """An actor with its stand-ins."""

    def __init__(
        self,
        folder: Path,
        state: SessionState,
        queue: StartQueue | None = None,
        routes: RouteCheck | None = None,
        ledger: Ledger | None = None,
        arrivals: AccountTurns | None = None,
    ) -> None:
        settings = GatewaySettings(data_dir=folder)
        self.row, self.engines = Row(state), PuppetEngines(settings)
        self.ledger = ledger or Ledger()
        self.keys = Path(settings.store_of(str(state.id)))
        self.keys.parent.mkdir(parents=True, exist_ok=True)
        self.actor = SessionActor(
            state,
            Dependencies(
                store=self.row,
                engines=self.engines,
                queue=queue or StartQueue(8),
                sink=self.ledger,
                outgoing=self.ledger,
                settings=settings,
                now=lambda: datetime.now(UTC),
                random=lambda: 0.0,
                routes=routes,
                arrivals=arrivals or AccountTurns(STORED_AT_ONCE),
            ),
        )

    def check_routes(self, routes: RouteCheck) -> None:
        """Try proxies from now on, with ``routes``."""
        dependencies = replace(self.actor._dependencies, routes=routes)
        self.actor._dependencies = self.actor._slot._dependencies = dependencies

    def start(self) -> asyncio.Task[bool]:
        return asyncio.create_task(self.actor.run())

    async def engine(self, number: int = 1) -> PuppetEngine:
        """Wait until the ``number``-th engine has got its start."""
        await until(lambda: len(self.engines.reserved) >= number)
        found = self.engines.reserved[number - 1]
        await until(lambda: Command.START in found.commands)
        return found


async def until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not ready():  # noqa: ASYNC110 (the stand-ins have no events)
            await asyncio.sleep(0)


@pytest.fixture
def fresh(tmp_path: Path) -> Stage:
    """A session that has never been linked."""
    now = datetime.now(UTC)
    state = make_state(jid="", attempt=0, status=Status.INITIALIZING, wanted_at=now)
    return Stage(tmp_path, state)


@pytest.fixture
def linked(tmp_path: Path) -> Stage:
    return Stage(tmp_path, make_state())


async def test_it_pairs_moves_and_connects(fresh: Stage) -> None:
    task = fresh.start()
    linking = await fresh.engine()
    linking.report(engine.QrShown("2@code", 1, 6, datetime.now(UTC).timestamp() + 60))
    linking.report(engine.PairSuccess(JID, PHONE))
    linking.report(engine.Connected(JID, PHONE))
    running = await fresh.engine(2)
    running.report(engine.Connected(JID, PHONE))
    await until(lambda: fresh.actor.connected)

    assert [linking.kind, running.kind] == [EngineKind.LINKING, EngineKind.RUNNING]
    assert fresh.row.events == [
        Event.START, Event.QR_CODE, Event.PAIR_SUCCESS, Event.CONNECTED, Event.CONNECTED,
    ]  # fmt: skip
    assert linking.commands[-1] is Command.STOP
    assert fresh.actor.life.last_proof_at is not None
    task.cancel()


async def test_it_logs_out_a_number_that_is_taken(fresh: Stage) -> None:
    fresh.row.number_taken = True
    task = fresh.start()
    linking = await fresh.engine()
    linking.report(engine.PairSuccess(JID, PHONE))
    linking.report(engine.Connected(JID, PHONE))

    assert await asyncio.wait_for(task, PATIENCE)
    assert fresh.row.events == [Event.START, Event.PAIR_SUCCESS, Event.NUMBER_TAKEN]
    assert linking.commands == [Command.START, Command.LOGOUT, Command.STOP]


class SlowLedger(Ledger):
    """A message sink on a database that does not answer until ``answers`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.storing: list[UUID] = []

    async def store_message(self, session_id: UUID, message: IncomingMessage) -> None:
        self.storing.append(session_id)
        await self.answers.wait()
        await super().store_message(session_id, message)


async def test_it_stores_few_messages_of_an_account_at_once(tmp_path: Path) -> None:
    """Many busy numbers of one account leave room in the line for the database."""
    ledger, arrivals, account = SlowLedger(), AccountTurns(STORED_AT_ONCE), uuid4()
    busy = [make_state(id=uuid4(), account_id=account) for _ in range(6)]
    quiet = make_state(id=uuid4(), account_id=uuid4())
    stages = [Stage(tmp_path, one, ledger=ledger, arrivals=arrivals) for one in (*busy, quiet)]
    tasks = [stage.start() for stage in stages]
    for stage in stages:
        (await stage.engine()).report(TEXT)

    await until(lambda: quiet.id in ledger.storing)

    assert len(ledger.storing) == STORED_AT_ONCE + 1
    ledger.answers.set()
    await until(lambda: len(ledger.texts) == len(stages))
    for task in tasks:
        task.cancel()


async def test_it_stores_a_message_before_the_journal_forgets_it(linked: Stage) -> None:
    task = linked.start()
    running = await linked.engine()
    running.report(TEXT)
    await until(lambda: Command.STORED in running.commands)

    assert linked.ledger.texts == ["Hi"]
    task.cancel()


@pytest.mark.parametrize("bad", [replace(TEXT, text="poison"), replace(TEXT, sent_at=1e300)])
async def test_it_sets_a_message_aside_that_cannot_be_stored(
    linked: Stage, caplog: pytest.LogCaptureFixture, bad: engine.MessageReceived
) -> None:
    linked.ledger.refused = "poison"
    task = linked.start()
    running = await linked.engine()
    running.report(bad)
    running.report(replace(TEXT, key="next", text="the next one"))
    await until(lambda: Command.STORED in running.commands)

    assert linked.ledger.texts == ["the next one"]
    assert running.commands == [Command.START, Command.SET_ASIDE, Command.STORED]
    assert not task.done()
    assert "was set aside" in caplog.text and "poison" not in caplog.text
    task.cancel()


async def test_it_fails_waiting_texts_after_a_logout(linked: Stage) -> None:
    task = linked.start()
    (await linked.engine()).report(engine.LoggedOut("401"))

    assert await asyncio.wait_for(task, PATIENCE)
    assert (linked.row.state.jid, linked.ledger.failed_waiting) == ("", ["logged_out"])


@pytest.mark.parametrize("lost", [True, False])
async def test_it_deletes_keys_only_while_it_holds_the_lease(linked: Stage, lost: bool) -> None:
    task = linked.start()
    running = await linked.engine()
    linked.keys.write_bytes(b"keys")
    linked.row.lost = lost
    running.report(engine.LoggedOut("401"))

    assert await asyncio.wait_for(task, PATIENCE)
    assert linked.keys.exists() is lost


async def test_it_replaces_an_engine_that_ended(linked: Stage) -> None:
    task = linked.start()
    first = await linked.engine()
    first.report(EngineEnded())
    second = await linked.engine(2)

    assert linked.row.events == [Event.RECONNECT, Event.ENGINE_LOST]
    first.runs_seen[0](engine.LoggedOut("401"))  # a late event of the client that is gone
    second.report(engine.Connected(JID, PHONE))
    await until(lambda: linked.actor.connected)
    assert Event.LOGGED_OUT not in linked.row.events
    task.cancel()


async def test_it_waits_when_no_engine_can_be_started(linked: Stage) -> None:
    linked.engines.unavailable = True
    task = linked.start()
    await until(lambda: Event.ENGINE_UNAVAILABLE in linked.row.events)

    assert linked.row.changes[-1].detail == "no library"
    assert not task.done()
    task.cancel()


async def test_it_ends_when_its_lease_is_lost(linked: Stage) -> None:
    task = linked.start()
    running = await linked.engine()
    linked.row.lost = True
    linked.actor.recheck()

    assert await asyncio.wait_for(task, PATIENCE)
    assert running.commands[-1] is Command.STOP


async def test_it_reports_an_error_of_its_own(
    linked: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    task = linked.start()
    (await linked.engine()).report(engine.QrShown("2@code", 1, 6, float("nan")))

    assert await asyncio.wait_for(task, PATIENCE) is False
    assert "A session's actor failed" in caplog.text


async def test_it_carries_out_a_new_wish(linked: Stage) -> None:
    task = linked.start()
    await linked.engine()
    linked.row.state = replace(linked.row.state, wanted_attempt=2)
    linked.actor.recheck()
    await linked.engine(2)

    assert linked.row.events == [Event.RECONNECT, Event.START]
    assert linked.row.changes[-1].attempt == 2
    task.cancel()
