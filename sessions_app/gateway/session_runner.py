"""The runner of one session: takes its events one after another and keeps its row true.

It never raises: a lost lease or an error of its own ends it, and the supervisor takes the
session up again. One deadline at a time stands for whatever must not take too long, so that
no session rests in ``initializing``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from sessions_app.engine.protocol import ProtocolError
from sessions_app.gateway import event_handlers, event_mapping
from sessions_app.gateway.ports import LeaseLost, SessionState
from sessions_app.gateway.reconcile import NextStep, is_wish, next_step
from sessions_app.gateway.remote_client import RemoteClient
from sessions_app.gateway.session_work import Kit, SessionWork
from sessions_app.lifecycle import Event, Reason, Status

logger = logging.getLogger(__name__)

_WISH, _MOVE, _CHECK, _SILENT = "wish", "move", "check", "silent"


class SessionRunner:
    """Runs one session while its lease is ours; ``run`` returns when there is nothing to run."""

    def __init__(self, state: SessionState, kit: Kit) -> None:
        self._inbox: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._work = SessionWork(state, kit, self._enqueue)
        self._check: asyncio.Task[None] | None = None

    @property
    def state(self) -> SessionState:
        return self._work.state

    @property
    def last_proof_at(self) -> datetime | None:
        return self._work.last_proof_at

    @property
    def phone_seen_at(self) -> datetime | None:
        return self._work.phone_seen_at

    @property
    def link(self) -> RemoteClient | None:
        return self._work.link

    def look_again(self) -> None:
        """The customer may want something else, or a text may wait."""
        self._work.texts.wake()
        self._inbox.put_nowait((_WISH, {}))

    def wake_texts(self) -> None:
        """A text may wait."""
        self._work.texts.wake()

    def move_if_due(self) -> None:
        """Leave the present engine for another one if it is being recycled."""
        if self.link is not None and self.link.connected and self.link.should_move:
            self._inbox.put_nowait((_MOVE, {}))

    def check(self) -> None:
        """Ask WhatsApp for a sign of life."""
        self._inbox.put_nowait((_CHECK, {}))

    async def run(self) -> bool:
        """Until the session rests, its lease is lost, or the task is cancelled. False when it
        ended by an error of our own, which is logged."""
        work = self._work
        try:
            await self._follow(next_step(work.state, work.kit.now()))
            while not work.resting:
                await self._step()
        except LeaseLost:
            logger.warning("Lease lost for session", extra=work.facts())
        except Exception:
            logger.exception("A session's runner failed; it is taken up again", extra=work.facts())
            return False
        finally:
            if self._check is not None:
                self._check.cancel()
            await work.drop_link()
        return True

    def _enqueue(self, run: str, message: dict[str, Any]) -> None:
        self._inbox.put_nowait((run, message))

    async def _step(self) -> None:
        work = self._work
        try:
            origin, message = await asyncio.wait_for(self._inbox.get(), work.deadline.remaining())
        except TimeoutError:
            await self._on_deadline()
            return
        if origin == _WISH:
            await self._on_wish()
        elif origin == _MOVE:
            await self._on_move()
        elif origin == _CHECK:
            self._on_check()
        elif work.link is not None and origin == work.link.run:
            await self._on_engine(message)

    async def _on_engine(self, message: dict[str, Any]) -> None:
        work = self._work
        if message["type"] == "gone":
            await event_handlers.on_engine_gone(work)
            return
        if message["type"] == _SILENT:
            await event_handlers.on_disconnected(work, message)
            await work.reconnect(None)
            return
        if message["event"] in event_mapping.EVIDENCE:
            work.note_proof(work.kit.now())
        reaction = event_handlers.REACTIONS.get(message["event"])
        try:
            self._note_phone(message)
            if reaction is not None:
                await reaction(work, message)
        except ProtocolError:
            logger.error("An engine sent a malformed event and is ended", extra=work.facts())
            if work.link is not None:
                work.link.engine.kill()

    def _note_phone(self, message: dict[str, Any]) -> None:
        work = self._work
        known = work.phone_seen_at or work.state.phone_seen_at
        seen = event_mapping.phone_seen(message, known, work.kit.now())
        if seen is not None:
            work.phone_seen_at = seen

    async def _on_wish(self) -> None:
        work = self._work
        fresh = await work.lasting(lambda: work.kit.store.read(work.state.id))
        if fresh is None or fresh.lease_epoch != work.state.lease_epoch:
            raise LeaseLost(str(work.state.id))
        work.state = fresh
        if is_wish(fresh):
            work.begin_attempt()
            await self._follow(next_step(fresh, work.kit.now()))
        elif fresh.status is Status.DISCONNECTED and fresh.next_retry_at is None:
            work.resting = True  # the operator's cleanup ended it
        else:
            await event_handlers.serve_pairing_code(work)

    async def _on_move(self) -> None:
        link = self._work.link
        if link is not None and link.connected and link.should_move:
            await self._work.move()

    def _on_check(self) -> None:
        link = self._work.link
        if link is not None and link.connected and (self._check is None or self._check.done()):
            self._check = asyncio.create_task(self._prove(link))

    async def _prove(self, link: RemoteClient) -> None:
        if await link.prove():
            self._work.note_proof(self._work.kit.now())
        else:
            self._inbox.put_nowait((link.run, {"type": _SILENT}))

    async def _follow(self, step: NextStep) -> None:
        work = self._work
        verbs: Mapping[NextStep, Callable[[], Awaitable[None]]] = {
            NextStep.PAIR: work.pair,
            NextStep.RECONNECT: self._reconnect,
            NextStep.WAIT: self._wait,
            NextStep.EXPIRE: self._expire,
            NextStep.SUSPEND: work.suspend,
            NextStep.RESUME: work.resume,
            NextStep.STOP: work.stop,
            NextStep.UNLINK: work.unlink,
            NextStep.REST: self._rest,
        }
        await verbs[step]()

    async def _reconnect(self) -> None:
        state = self._work.state
        asked = state.attempt < state.wanted_attempt
        await self._work.reconnect(Event.START if asked else Event.RECONNECT)

    async def _expire(self) -> None:
        if self._work.state.reason is Reason.SUSPENDED_BILLING:
            await self._work.apply(Event.RESUMED)
        await self._work.rest(Event.QR_EXPIRED)

    async def _wait(self) -> None:
        due = self._work.state.next_retry_at or self._work.kit.now()
        seconds = (due - self._work.kit.now()).total_seconds()
        self._work.deadline.set(max(0.0, seconds), "retry")

    async def _rest(self) -> None:
        self._work.resting = True

    async def _on_deadline(self) -> None:
        work = self._work
        purpose = work.deadline.purpose
        work.deadline.clear()
        if purpose == "retry":
            await work.retry()
        elif purpose == "no_qr":
            await self._on_no_qr()
        elif purpose == "qr_silent":
            await work.rest(Event.QR_EXPIRED)
        elif purpose == "pairing":
            await self._on_unfinished_pairing()
        elif purpose == "try_proxy":
            await work.reconnect(None)  # the library would try in silence; a start tells why
        elif purpose == "no_unlink":
            await work.finish_unlink(told=False)
        else:
            await work.no_way("no answer in time")

    async def _on_no_qr(self) -> None:
        """No code in time: once more, in a fresh engine, then say why it stopped."""
        work = self._work
        if work.link is not None:
            work.link.engine.retiring = True
        if work.restarted:
            await work.rest(Event.STUCK_NO_QR)
            return
        work.restarted = True
        seconds = work.kit.settings.stuck_seconds
        await work.pair(detail=f"no code after {seconds:g} s; started again")

    async def _on_unfinished_pairing(self) -> None:
        """The phone accepted, but WhatsApp did not let us in: again with the new keys."""
        work = self._work
        if work.number_taken:
            await event_handlers.refuse_second_link(work)
        else:
            await work.reconnect(Event.PAIR_SUCCESS, detail="connecting again with the new keys")
