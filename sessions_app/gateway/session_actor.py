"""The actor of one session: the only owner of its state, handling one event after another.

For each event, the rules in ``decisions`` decide what to do, and it does it. ``run`` never raises:
a lost lease or an error of our own ends the actor, and the supervisor claims the session again.
There is always a deadline or a connected client, so no session stays in ``initializing``.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from sessions_app.engine.engine_events import JournaledEvent
from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.client_slot import ClientSlot, Dependencies
from sessions_app.gateway.deadline import Deadline
from sessions_app.gateway.decisions import actor_events as happened
from sessions_app.gateway.decisions import effects as do
from sessions_app.gateway.decisions.actor_events import ActorEvent, DeadlinePurpose
from sessions_app.gateway.decisions.actor_rules import decide
from sessions_app.gateway.decisions.attempt import AttemptState, Situation
from sessions_app.gateway.decisions.effects import Effect
from sessions_app.gateway.engine_process import EngineUnavailable
from sessions_app.gateway.interruption import Interrupted, unless_interrupted
from sessions_app.gateway.life_signs import LifeSigns
from sessions_app.gateway.persistence import persist
from sessions_app.gateway.ports import Change, LeaseLost, NumberTaken, ProxyUnusable, SessionState
from sessions_app.gateway.reconcile import is_wish, wish_of
from sessions_app.gateway.session_keys import delete_keys

logger = logging.getLogger(__name__)


class SessionActor:
    """Runs one session while we hold its lease."""

    def __init__(self, session: SessionState, dependencies: Dependencies) -> None:
        self._session = session
        self._dependencies = dependencies
        self._attempt = AttemptState(banned_at=session.banned_at)
        self._deadline = Deadline()
        self._finished = False
        self.life = LifeSigns()
        self._rechecked = asyncio.Event()
        self._inbox: asyncio.Queue[tuple[str | None, ActorEvent]] = asyncio.Queue()
        self._slot = ClientSlot(
            session, dependencies, self._deliver, self.life.note_proof, self._on_stuck
        )
        self._probe: asyncio.Task[None] | None = None

    # For the supervisor

    @property
    def session_id(self) -> UUID:
        return self._session.id

    @property
    def connected(self) -> bool:
        return self._slot.connected

    def recheck(self) -> None:
        """Read the row again: the customer may want something else, or a text may wait."""
        self._slot.wake_sender()
        self._rechecked.set()
        self._deliver(None, happened.RowRead())

    def wake_sender(self) -> None:
        """Check for waiting texts."""
        self._slot.wake_sender()

    def move_if_due(self) -> None:
        """Move to another engine if the present one is being recycled."""
        client = self._slot.state
        if client is not None and client.connected and client.should_move:
            self._deliver(None, happened.MoveDue())

    def probe(self) -> None:
        """Ask WhatsApp for a sign of life, unless that is under way."""
        if self._slot.connected and (self._probe is None or self._probe.done()):
            self._probe = asyncio.create_task(self._slot.probe(self._on_silence))

    async def run(self) -> bool:
        """Run until the session rests, its lease is lost, or the task is cancelled. Returns False
        if it ended with an error of our own, which is logged."""
        try:
            await self._handle(happened.ActorStarted())
            while not self._finished:
                await self._step()
        except LeaseLost:
            logger.warning("Lease lost for session", extra=self._log_facts())
        except Exception:
            logger.exception("A session's actor failed; restarting it", extra=self._log_facts())
            return False
        finally:
            if self._probe is not None:
                self._probe.cancel()
            await self._drop_client()
        return True

    # Events

    def _deliver(self, run: str | None, event: ActorEvent) -> None:
        self._inbox.put_nowait((run, event))

    def _on_silence(self, run: str) -> None:
        self._deliver(run, happened.ProbeFailed())

    def _on_stuck(self, run: str) -> None:
        self._deliver(run, happened.SendStuck())

    async def _step(self) -> None:
        """Handle the next event, or the deadline if it passes first."""
        try:
            run, event = await asyncio.wait_for(self._inbox.get(), self._deadline.remaining())
        except TimeoutError:
            await self._handle(happened.DeadlinePassed(self._deadline.take()))
            return
        if run is not None and not self._slot.holds(run):
            return  # a late event of an earlier client
        if isinstance(event, happened.RowRead):
            if not self._rechecked.is_set():  # read during a wait, since it was asked for
                return
            await self._read_row()
        self.life.note(event, self._session.phone_seen_at, self._dependencies.now())
        try:
            await self._handle(event)
        except Exception as error:
            if isinstance(error, LeaseLost) or not isinstance(event, JournaledEvent):
                raise
            self._set_aside(event, error)

    async def _read_row(self) -> None:
        self._rechecked.clear()
        session = await persist(lambda: self._dependencies.store.read(self._session.id))
        if session is None or session.lease_epoch != self._session.lease_epoch:
            raise LeaseLost(str(self._session.id))
        self._session = session

    # Decisions

    async def _handle(self, event: ActorEvent) -> None:
        pending: ActorEvent | None = event
        while pending is not None:
            decision = decide(self._situation(), pending)
            self._attempt = decision.attempt
            pending = await self._carry_out(decision.effects)

    def _situation(self) -> Situation:
        return Situation(
            session=self._session,
            attempt=self._attempt,
            client=self._slot.state,
            deadline_set=self._deadline.is_set,
            stuck_seconds=self._dependencies.settings.stuck_seconds,
            now=self._dependencies.now(),
            clock=asyncio.get_running_loop().time(),
            jitter=self._dependencies.random(),
        )

    async def _carry_out(self, effects: tuple[Effect, ...]) -> ActorEvent | None:
        """Do these in order. Returns the event that answers the last one done, if any."""
        for effect in effects:
            answer = await self._do(effect)
            if answer is not None:
                return answer
        return None

    async def _do(self, effect: Effect) -> ActorEvent | None:
        match effect:
            case do.WriteChange(change):
                return await self._write(change)
            case do.StartClient(kind, patience, purpose):
                return await self._start_client(kind, patience, purpose)
            case do.MoveClient(patience):
                return await self._move_client(patience)
            case do.DropClient():
                await self._drop_client()
            case do.LogOut():
                return happened.LogoutFinished(await self._slot.log_out())
            case do.RequestPairingCode(phone):
                return await self._slot.request_pairing_code(phone)
            case do.StartSending():
                await self._slot.start_sending()
            case do.StoreMessage() | do.StoreReceipt():
                await self._store(effect)
            case do.FailWaitingTexts(code, sentence):
                queue, session_id = self._dependencies.outgoing, self._session.id
                await persist(lambda: queue.fail_waiting(session_id, code, sentence))
            case do.Continue(event):
                return event
            case _:
                self._do_at_once(effect)
        return None

    def _do_at_once(self, effect: Effect) -> None:
        """Do what needs no waiting."""
        match effect:
            case do.MarkAnswered():
                self._slot.mark_answered()
            case do.MarkConnected():
                self._slot.mark_connected(True)
            case do.MarkDisconnected():
                self._slot.mark_connected(False)
            case do.RetireEngine():
                self._slot.retire_engine()
            case do.SetDeadline(delay, purpose):
                self._deadline.set(delay.total_seconds(), purpose)
            case do.ClearDeadline():
                self._deadline.clear()
            case do.DeleteKeys():
                delete_keys(self._dependencies.settings, self._session.id)
            case do.LogLine():
                self._log(effect)
            case do.Finish():
                self._finished = True

    # Effects

    async def _write(self, change: Change) -> ActorEvent | None:
        store = self._dependencies.store
        try:
            self._session = await persist(lambda: store.apply(self._session, change))
        except NumberTaken:
            return happened.NumberAlreadyLinked(change.event)
        return None

    async def _start_client(
        self,
        kind: EngineKind,
        patience: timedelta,
        purpose: DeadlinePurpose,
        *,
        moves: bool = False,
    ) -> ActorEvent | None:
        try:
            route = self._route(moves)
            proxy = await unless_interrupted(route, self._rechecked, self._wish_changed)
            await self._slot.open(kind, self._session, proxy)
        except Interrupted:
            return happened.RowRead()
        except EngineUnavailable as error:
            return happened.NoEngine(str(error))
        except ProxyUnusable as error:
            return happened.NoProxy(str(error))
        self._deadline.set(patience.total_seconds(), purpose)
        await self._slot.start(self._session)
        return None

    async def _route(self, moves: bool) -> str | None:
        proxy = await self._slot.route(self._session, moves=moves)
        if proxy is not None and not moves and not self._attempt.unlinking:
            await self._dependencies.queue.pace(self._session.id)
        return proxy

    async def _wish_changed(self) -> bool:
        before = self._session
        await self._read_row()
        return is_wish(self._session) and wish_of(self._session) != wish_of(before)

    async def _move_client(self, patience: timedelta) -> ActorEvent | None:
        answer = await self._start_client(
            EngineKind.RUNNING, patience, DeadlinePurpose.CONNECT, moves=True
        )
        if answer is None or isinstance(answer, happened.RowRead):
            return answer
        return happened.MoveFailed()

    async def _drop_client(self) -> None:
        self._deadline.clear()
        await self._slot.drop()

    async def _store(self, effect: do.StoreMessage | do.StoreReceipt) -> None:
        """Write it first; the engine forgets it only afterwards."""
        sink, session_id = self._dependencies.sink, self._session.id
        async with self._dependencies.arrivals.hold(self._session.account_id):
            if isinstance(effect, do.StoreMessage):
                message = effect.message
                await persist(lambda: sink.store_message(session_id, message))
            else:
                receipt = effect.receipt
                await persist(lambda: sink.store_receipt(session_id, receipt))
        self._slot.confirm_stored(effect.key)

    def _set_aside(self, event: JournaledEvent, error: Exception) -> None:
        """Keep a message or receipt that cannot be stored from ending the session, now and at each
        start. The error's text may quote the message, so only its type is logged."""
        kind = {"event": event.name, "error": type(error).__name__}
        logger.error(
            "An event could not be stored and was set aside", extra=self._log_facts() | kind
        )
        self._slot.set_aside(event.key)

    def _log(self, line: do.LogLine) -> None:
        facts = self._log_facts() | ({"code": line.code} if line.code else {})
        logger.log(logging.WARNING if line.warning else logging.INFO, line.message, extra=facts)

    def _log_facts(self) -> dict[str, str]:
        return {"session": str(self._session.id), "location": str(self._session.location_id)}
