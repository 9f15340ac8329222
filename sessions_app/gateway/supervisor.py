"""The gateway: owns the WhatsApp connections of the sessions whose leases it holds.

Reads the rows on each hint and every second (a lost hint costs a second, never correctness),
runs one actor per session, and maintains leases, health checks and engines. If it cannot renew
its leases it ends its own engines before another gateway may start them (self-fencing).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sessions_app.engine.protocol import HEARTBEAT_SECONDS
from sessions_app.gateway.client_slot import Dependencies
from sessions_app.gateway.engine_pool import Engines, Launch
from sessions_app.gateway.engine_process import launch_engine
from sessions_app.gateway.ports import (
    Hints,
    MessageSink,
    OutgoingQueue,
    RouteCheck,
    SessionState,
    SessionStore,
)
from sessions_app.gateway.session_actor import SessionActor
from sessions_app.gateway.session_keys import prepare_keys_dir
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.start_queue import StartQueue, spread
from sessions_app.gateway.stored_times import StoredTimes

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
CLAIM_AT_ONCE = 200
RENEW_SECONDS = 10.0
RENEW_PATIENCE_SECONDS = 4.0
RENEW_AGAIN_SECONDS = 1.0
FENCE_SECONDS = 18.0  # well before the lease's 30 s, even with one more renewal under way
FAILURE_PAUSE_SECONDS = 5.0
PROOF_MAX_AGE = timedelta(minutes=2)
SHUTDOWN_SECONDS = 5.0


class Gateway:
    """The gateway process. ``run`` returns once everything has ended and is released."""

    def __init__(
        self,
        settings: GatewaySettings,
        store: SessionStore,
        hints: Hints,
        sink: MessageSink,
        outgoing: OutgoingQueue,
        routes: RouteCheck | None = None,
        launch: Launch = launch_engine,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``launch`` starts the engines; ``now`` is the time, aware."""
        self._settings, self._store, self._hints, self._outgoing = settings, store, hints, outgoing
        self._engines = Engines(settings, launch)
        self._dependencies = Dependencies(
            store=store,
            engines=self._engines,
            queue=StartQueue(settings.parallel_starts),
            sink=sink,
            outgoing=outgoing,
            settings=settings,
            now=now,
            random=random.random,
            routes=routes,
        )
        self._actors: dict[UUID, SessionActor] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._poll_now = asyncio.Event()
        self._claiming = asyncio.Lock()  # held until an actor runs for each claimed session
        self._stored_proofs = StoredTimes()
        self._stored_phones = StoredTimes()
        self._renewed_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set. Raises OSError if the key folder cannot be created."""
        prepare_keys_dir(self._settings)
        freed = await self._store.free_dead_leases()
        if freed:
            logger.info("Took over the sessions of a gateway that died", extra={"sessions": freed})
        loops = [
            asyncio.create_task(self._every(period, step), name=f"gateway-{step.__name__}")
            for period, step in (
                (POLL_SECONDS, self._reconcile),
                (HEARTBEAT_SECONDS, self._beat),
                (self._settings.health_seconds, self._check_health),
            )
        ]
        loops.append(asyncio.create_task(self._listen(), name="gateway-listen"))
        loops.append(asyncio.create_task(self._keep_leases(), name="gateway-leases"))
        logger.info("Gateway started")
        await stop.wait()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await self._shut_down()

    # Loops

    async def _every(self, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception:  # the database may be away
                logger.warning("The gateway could not finish a round; continuing", exc_info=True)
            if step == self._reconcile:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._poll_now.wait(), seconds)
                self._poll_now.clear()
            else:
                await asyncio.sleep(seconds)

    async def _listen(self) -> None:
        while True:
            try:
                hint = await self._hints.next()
            except Exception:
                logger.warning("Hints cannot be received; polling every second", exc_info=True)
                await asyncio.sleep(POLL_SECONDS)
                continue
            actor = self._actors.get(hint.session_id)
            if hint.text_waiting:  # the row has not changed: do not read it again
                if actor is not None:
                    actor.wake_sender()
            elif actor is None:  # not ours yet, or ALL_SESSIONS
                self._poll_now.set()
            else:
                actor.recheck()

    async def _reconcile(self) -> None:
        """Claim sessions that no gateway runs, and carry out what customers want."""
        async with self._claiming:
            claimed = await self._store.claim(CLAIM_AT_ONCE)
            for index, state in enumerate(claimed):
                self._begin(state, spread(index, len(claimed), random.random))
        for state in await self._store.wishes():
            if (actor := self._actors.get(state.id)) is not None:
                actor.recheck()
        ready = [session_id for session_id, actor in self._actors.items() if actor.connected]
        for session_id in await self._outgoing.waiting(ready) if ready else []:
            if (actor := self._actors.get(session_id)) is not None:
                actor.wake_sender()

    async def _keep_leases(self) -> None:
        """Renew every few seconds. After too long without success, end everything before another
        gateway may claim the sessions (self-fencing)."""
        clock = asyncio.get_running_loop().time
        self._renewed_at = clock()
        while True:
            started_at, before = clock(), set(self._tasks)
            try:
                held = await asyncio.wait_for(self._store.renew(), RENEW_PATIENCE_SECONDS)
            except Exception:
                logger.warning("Leases could not be renewed; trying again", exc_info=True)
                if clock() - self._renewed_at > FENCE_SECONDS and self._tasks:
                    logger.error("Leases may have expired: ending all connections")
                    self._engines.kill_all()
                    self._cancel(set(self._tasks))
                await asyncio.sleep(RENEW_AGAIN_SECONDS)
                continue
            self._renewed_at = started_at
            self._cancel(before - held)
            with contextlib.suppress(Exception):  # the next renewal tries again
                await self._give_back(held)
            await asyncio.sleep(RENEW_SECONDS)

    async def _give_back(self, held: set[UUID]) -> None:
        """Release leases that we hold without running the session, as after fencing ourselves.
        The gateway that claims it next corrects the row."""
        async with self._claiming:
            idle = held - set(self._tasks)
        if idle:
            await self._store.release(list(idle))
            self._poll_now.set()

    def _cancel(self, session_ids: set[UUID]) -> None:
        """Cancel these actors without touching the rows: they belong to another gateway now."""
        for session_id in session_ids:
            if (task := self._tasks.get(session_id)) is not None:
                task.cancel()

    async def _beat(self) -> None:
        await self._engines.keep_warm()
        await self._engines.tidy()
        for actor in self._actors.values():
            actor.move_if_due()
        await self._store.heartbeat(
            self._engines.report(), self._engines.neonize_version, self._engines.trouble
        )

    async def _check_health(self) -> None:
        """Store the proofs of life, and probe connections that have been silent for too long."""
        proofs: dict[UUID, datetime] = {}
        for session_id, actor in self._actors.items():
            proof = actor.life.last_proof_at
            if proof is None:
                continue
            proofs[session_id] = proof
            if self._dependencies.now() - proof > PROOF_MAX_AGE:
                actor.probe()
        fresh = self._stored_proofs.unstored(proofs)
        await self._store.note_proofs(fresh)
        self._stored_proofs.note(fresh)
        await self._note_phones()

    async def _note_phones(self) -> None:
        """Store when the numbers' own phones were last active."""
        seen = {key: at for key, actor in self._actors.items() if (at := actor.life.phone_seen_at)}
        fresh = self._stored_phones.unstored(seen)
        await self._store.note_phones(fresh)
        self._stored_phones.note(fresh)

    # Actors

    def _begin(self, state: SessionState, delay: float) -> None:
        actor = SessionActor(state, self._dependencies)
        self._actors[state.id] = actor
        task = asyncio.create_task(self._run(actor, delay), name=f"session-{state.id}")
        self._tasks[state.id] = task
        task.add_done_callback(lambda _: self._ended(state.id, actor))

    async def _run(self, actor: SessionActor, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        if not await actor.run():
            await asyncio.sleep(FAILURE_PAUSE_SECONDS)  # it may fail again at once
        await self._store.release([actor.session_id])
        self._poll_now.set()

    def _ended(self, session_id: UUID, actor: SessionActor) -> None:
        if self._actors.get(session_id) is actor:
            del self._actors[session_id]
            del self._tasks[session_id]

    async def _shut_down(self) -> None:
        """End the engines, which end their clients, then release the leases."""
        logger.info("Gateway is stopping", extra={"sessions": len(self._tasks)})
        held = list(self._tasks)
        tasks = list(self._tasks.values())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._engines.shutdown(), SHUTDOWN_SECONDS)
        self._engines.kill_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._store.release(held)
            await self._store.mark_stopped()
        logger.info("Gateway stopped")
