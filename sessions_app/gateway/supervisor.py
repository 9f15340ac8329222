"""The gateway: owns the WhatsApp connections of the sessions whose leases it holds.

Looks at the rows on each hint and every second (a lost hint costs a second, never
correctness), runs one runner a session, keeps leases, health and engines. Without a renewed
lease it ends its own engines before another gateway may start them (self-fencing).
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
from sessions_app.gateway.engine_pool import Engines
from sessions_app.gateway.key_files import prepare_keys_dir
from sessions_app.gateway.ports import (
    Hints,
    MessageSink,
    OutgoingQueue,
    SessionState,
    SessionStore,
)
from sessions_app.gateway.session_runner import SessionRunner
from sessions_app.gateway.session_work import Kit
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.start_queue import StartQueue, spread

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
CLAIM_AT_ONCE = 200
RENEW_SECONDS = 10.0
RENEW_PATIENCE_SECONDS = 4.0
RENEW_AGAIN_SECONDS = 1.0
FENCE_SECONDS = 18.0  # with one more try that is under way: well before the lease's 30 s
FAILURE_PAUSE_SECONDS = 5.0
PROOF_MAX_AGE = timedelta(minutes=2)
SHUTDOWN_SECONDS = 5.0


class Gateway:
    """``run`` it; it returns, with everything ended and released, after ``stop`` is set."""

    def __init__(
        self,
        settings: GatewaySettings,
        store: SessionStore,
        hints: Hints,
        sink: MessageSink,
        outgoing: OutgoingQueue,
    ) -> None:
        self._settings, self._store, self._hints, self._outgoing = settings, store, hints, outgoing
        self._engines = Engines(settings)
        self._kit = Kit(
            store=store,
            engines=self._engines,
            queue=StartQueue(settings.parallel_starts),
            sink=sink,
            outgoing=outgoing,
            settings=settings,
            now=lambda: datetime.now(UTC),
            random=random.random,
        )
        self._runners: dict[UUID, SessionRunner] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._look = asyncio.Event()
        self._claiming = asyncio.Lock()  # what is claimed is run before anybody looks
        self._proofs_told: dict[UUID, datetime] = {}
        self._phones_told: dict[UUID, datetime] = {}
        self._renewed_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set. Raises OSError when the key folder cannot be made."""
        prepare_keys_dir(self._settings)
        freed = await self._store.take_over_from_the_dead()
        if freed:
            logger.info("Took over the sessions of a gateway that died", extra={"sessions": freed})
        loops = [
            asyncio.create_task(self._every(period, step), name=f"gateway-{step.__name__}")
            for period, step in (
                (LOOK_SECONDS, self._reconcile),
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

    # --- loops --------------------------------------------------------------------------

    async def _every(self, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception:  # the database may be away: say so and go on
                logger.warning("The gateway could not finish a round; going on", exc_info=True)
            if step == self._reconcile:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._look.wait(), seconds)
                self._look.clear()
            else:
                await asyncio.sleep(seconds)

    async def _listen(self) -> None:
        while True:
            try:
                hint = await self._hints.next()
            except Exception:
                logger.warning("Hints are not heard; looking every second", exc_info=True)
                await asyncio.sleep(LOOK_SECONDS)
                continue
            runner = self._runners.get(hint.session_id)
            if hint.text_waiting:  # the row has not changed: do not read it again
                if runner is not None:
                    runner.wake_texts()
            elif runner is None:  # not ours yet, or ALL_SESSIONS
                self._look.set()
            else:
                runner.look_again()

    async def _reconcile(self) -> None:
        """Take up what nobody runs, and what those we run are asked to do."""
        async with self._claiming:
            claimed = await self._store.claim(CLAIM_AT_ONCE)
            for index, state in enumerate(claimed):
                self._begin(state, spread(index, len(claimed), random.random))
        for state in await self._store.wishes():
            if (runner := self._runners.get(state.id)) is not None:
                runner.look_again()
        ready = [key for key, r in self._runners.items() if r.link is not None and r.link.connected]
        for session_id in await self._outgoing.waiting(ready) if ready else []:
            if (runner := self._runners.get(session_id)) is not None:
                runner.wake_texts()

    async def _keep_leases(self) -> None:
        """Renew every few seconds; without success for too long, end everything ourselves
        before another gateway may begin (self-fencing)."""
        clock = asyncio.get_running_loop().time
        self._renewed_at = clock()
        while True:
            asked_at, before = clock(), set(self._tasks)
            try:
                held = await asyncio.wait_for(self._store.renew(), RENEW_PATIENCE_SECONDS)
            except Exception:
                logger.warning("Leases could not be renewed; trying again", exc_info=True)
                if clock() - self._renewed_at > FENCE_SECONDS and self._tasks:
                    logger.error("Leases may have run out: ending all connections")
                    self._engines.kill_all()
                    self._cancel(set(self._tasks))
                await asyncio.sleep(RENEW_AGAIN_SECONDS)
                continue
            self._renewed_at = asked_at
            self._cancel(before - held)
            with contextlib.suppress(Exception):  # the next renewal finds them again
                await self._give_back(held)
            await asyncio.sleep(RENEW_SECONDS)

    async def _give_back(self, held: set[UUID]) -> None:
        """Release what we hold and do not run, as after fencing ourselves: whoever claims it
        next, we or another gateway, makes the row true again."""
        async with self._claiming:
            idle = held - set(self._tasks)
        if idle:
            await self._store.release(list(idle))
            self._look.set()

    def _cancel(self, session_ids: set[UUID]) -> None:
        """End these runners without a word to the rows: they are another gateway's now."""
        for session_id in session_ids:
            if (task := self._tasks.get(session_id)) is not None:
                task.cancel()

    async def _beat(self) -> None:
        await self._engines.keep_warm()
        await self._engines.tidy()
        for runner in self._runners.values():
            runner.move_if_due()
        await self._store.heartbeat(
            self._engines.report(), self._engines.neonize_version, self._engines.trouble
        )

    async def _check_health(self) -> None:
        """Write down the proofs of life, and ask those that have been silent for one."""
        fresh: dict[UUID, datetime] = {}
        for session_id, runner in self._runners.items():
            proof = runner.last_proof_at
            if proof is None:
                continue
            if proof != self._proofs_told.get(session_id):
                fresh[session_id] = proof
            if self._kit.now() - proof > PROOF_MAX_AGE:
                runner.check()
        await self._store.note_proofs(fresh)
        self._proofs_told.update(fresh)
        await self._note_phones()

    async def _note_phones(self) -> None:
        """Write down when the numbers' own phones were last seen."""
        fresh = {
            session_id: seen
            for session_id, runner in self._runners.items()
            if (seen := runner.phone_seen_at) and seen != self._phones_told.get(session_id)
        }
        await self._store.note_phones(fresh)
        self._phones_told.update(fresh)

    # --- runners ------------------------------------------------------------------------

    def _begin(self, state: SessionState, delay: float) -> None:
        runner = SessionRunner(state, self._kit)
        self._runners[state.id] = runner
        task = asyncio.create_task(self._run(runner, delay), name=f"session-{state.id}")
        self._tasks[state.id] = task
        task.add_done_callback(lambda _: self._ended(state.id, runner))

    async def _run(self, runner: SessionRunner, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        if not await runner.run():
            await asyncio.sleep(FAILURE_PAUSE_SECONDS)  # what failed may fail again
        await self._store.release([runner.state.id])
        self._look.set()

    def _ended(self, session_id: UUID, runner: SessionRunner) -> None:
        if self._runners.get(session_id) is runner:
            del self._runners[session_id]
            del self._tasks[session_id]
            self._proofs_told.pop(session_id, None)
            self._phones_told.pop(session_id, None)

    async def _shut_down(self) -> None:
        """End the engines, which end their clients; then give the leases back."""
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
            await self._store.farewell()
        logger.info("Gateway stopped")
