"""What can be done with one session: the verbs that reactions and wishes are made of."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from core.data.errors import StoreUnavailable
from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway import backoff
from sessions_app.gateway.engine_pool import Engines
from sessions_app.gateway.engine_process import EngineUnavailable
from sessions_app.gateway.key_files import delete_keys
from sessions_app.gateway.outgoing import OutgoingSender, settle
from sessions_app.gateway.ports import (
    Change,
    MessageSink,
    OutgoingQueue,
    ProxyUnusable,
    SessionState,
    SessionStore,
)
from sessions_app.gateway.remote_client import Deadline, RemoteClient
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.start_queue import StartQueue
from sessions_app.lifecycle import Event, Status

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

CONNECT_SECONDS = 45.0  # started with keys, but no answer
UNREACHABLE_AFTER_SECONDS = 240.0
FAULT_RETRY = timedelta(minutes=1)  # a full disk or a wrong clock may be mended meanwhile
UNLINK_SECONDS = 20.0
STORE_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Kit:
    """What every session is worked on with."""

    store: SessionStore
    engines: Engines
    queue: StartQueue
    sink: MessageSink
    outgoing: OutgoingQueue
    settings: GatewaySettings
    now: Callable[[], datetime]
    random: Callable[[], float]


class SessionWork:
    """One session in hand: its row, its link, its one deadline, its tries."""

    def __init__(
        self, state: SessionState, kit: Kit, on_event: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self.state, self.kit = state, kit
        self.link: RemoteClient | None = None
        self.deadline = Deadline()
        self.resting = False
        self.last_proof_at: datetime | None = None
        self.phone_seen_at: datetime | None = None  # what is worth writing down
        self.texts = OutgoingSender(
            state.id, kit.outgoing, kit.settings, self.lasting, self.note_proof
        )
        self.engine_losses: list[float] = []
        self.replaced_at: float | None = None
        self._on_event = on_event
        self.begin_attempt()

    def begin_attempt(self) -> None:
        """Forget what earlier tries have taught: the customer asked anew, or it worked."""
        self.moving = False
        self.restarted = False  # an attempt without a code is started again once
        self.unlinking = False
        self.number_taken = False
        self.pairing_code = ""
        self.pairing_served_at: datetime | None = None
        self.qr_expires_at: datetime | None = None
        self.outage_since: float | None = None
        self.delays = backoff.delays(self.kit.random)
        self.pairing_delays = backoff.pairing_delays()
        self.refusals = backoff.refusal_delays()
        self.outdated = backoff.outdated_delays()

    # --- the row ------------------------------------------------------------------------

    async def apply(
        self, event: Event, actor: str = "gateway", detail: str = "", **columns: Any
    ) -> None:
        await self.apply_change(Change(event, actor, detail, columns))

    async def apply_change(self, change: Change) -> None:
        """Write ``change``. Raises LeaseLost or NumberTaken."""
        self.state = await self.lasting(lambda: self.kit.store.apply(self.state, change))

    async def lasting(self, write: Callable[[], Awaitable[Result]]) -> Result:
        """The result of ``write``, repeated while the database is away: events wait meanwhile,
        and if it takes longer than the lease, the supervisor fences us."""
        while True:
            try:
                return await write()
            except StoreUnavailable:
                logger.warning("The database did not answer; trying again", exc_info=True)
                await asyncio.sleep(STORE_RETRY_SECONDS)

    def note_proof(self, at: datetime) -> None:
        self.last_proof_at = at

    def facts(self) -> dict[str, str]:
        """For the logs."""
        return {"session": str(self.state.id), "location": str(self.state.location_id)}

    # --- the link -----------------------------------------------------------------------

    async def drop_link(self) -> None:
        """End the client, if there is one. Its keys stay."""
        self.deadline.clear()
        await self.texts.end()
        link, self.link = self.link, None
        if link is not None:
            await link.stop()

    async def rest(
        self, event: Event, actor: str = "gateway", detail: str = "", **columns: Any
    ) -> None:
        """Stop here and wait for the customer."""
        await self.drop_link()
        await self.apply(event, actor, detail, next_retry_at=None, **columns)
        self.resting = True

    async def pair(self, *, detail: str = "") -> None:
        """Show a new QR code."""
        self.pairing_code, self.pairing_served_at, self.qr_expires_at = "", None, None
        await self.apply(
            Event.START,
            self.state.wanted_by or "gateway",
            detail,
            attempt=self.state.wanted_attempt,
            next_retry_at=None,
        )
        await self._start(EngineKind.LINKING, self.kit.settings.stuck_seconds, "no_qr")

    async def reconnect(self, event: Event | None = Event.RECONNECT, *, detail: str = "") -> None:
        """Connect with the stored keys; ``event`` None leaves the row as it is."""
        if event is not None:
            await self.apply(
                event, detail=detail, attempt=self.state.wanted_attempt, next_retry_at=None
            )
        await self._start(EngineKind.RUNNING, CONNECT_SECONDS, "no_connect")

    async def move(self) -> None:
        """Take a connected session to a running engine with room; its status stays. Without
        such an engine, or a way there, it stays where it is, and is asked to move again later."""
        with contextlib.suppress(EngineUnavailable, ProxyUnusable):
            await self._start_in_engine(EngineKind.RUNNING, CONNECT_SECONDS, "no_connect")
            self.moving = True

    async def _start(self, kind: EngineKind, seconds: float, purpose: str) -> None:
        try:
            await self._start_in_engine(kind, seconds, purpose)
        except EngineUnavailable as error:
            await self.fault(Event.ENGINE_UNAVAILABLE, str(error))
        except ProxyUnusable as error:
            if self.unlinking:
                await self.finish_unlink(told=False)
            else:
                await self.proxy_failed(str(error))

    async def _start_in_engine(self, kind: EngineKind, seconds: float, purpose: str) -> None:
        leave = await self.kit.queue.enter()
        try:
            proxy = await self.lasting(lambda: self.kit.store.proxy_of(self.state))
            engine = await self.kit.engines.reserve(kind)
        except BaseException:
            leave()
            raise
        await self.drop_link()  # only now: a session that moves is away for milliseconds
        self.link = link = RemoteClient(engine, self._on_event, leave)
        self.deadline.set(seconds, purpose)
        session = self.state.id
        await self.lasting(lambda: settle(session, link, self.kit.outgoing, self.kit.settings))
        jid = self.state.jid if kind is EngineKind.RUNNING else ""
        await link.start(
            str(session), jid, self.kit.settings, device_name=self.state.device_name, proxy=proxy
        )

    # --- when it does not work ----------------------------------------------------------

    async def retry_later(
        self, delay: timedelta, event: Event, actor: str = "gateway", detail: str = ""
    ) -> None:
        """Drop the link and come back after ``delay``, which viewers see."""
        await self.drop_link()
        await self.apply(event, actor, detail, next_retry_at=self.kit.now() + delay)
        self.deadline.set(delay.total_seconds(), "retry")

    async def fault(self, event: Event, detail: str) -> None:
        """Something is wrong here, not at WhatsApp: links are tried again, attempts end."""
        if self.state.jid:
            await self.retry_later(FAULT_RETRY, event, detail=detail)
        else:
            await self.rest(event, detail=detail)

    async def unreachable(self, detail: str = "") -> None:
        """WhatsApp cannot be reached: try again with backoff, and say so when it lasts."""
        now = asyncio.get_running_loop().time()
        self.outage_since = self.outage_since or now
        lasted = now - self.outage_since
        if self.state.jid:
            event = (
                Event.UNREACHABLE if lasted > UNREACHABLE_AFTER_SECONDS else Event.CONNECT_FAILED
            )
            await self.retry_later(timedelta(seconds=next(self.delays)), event, detail=detail)
        elif lasted > self.kit.settings.stuck_seconds:
            await self.rest(Event.UNREACHABLE, detail=detail)
        else:
            delay = timedelta(seconds=next(self.pairing_delays))
            await self.retry_later(delay, Event.CONNECT_FAILED, detail=detail)

    async def no_way(self, detail: str = "") -> None:
        """A start led nowhere, or its link stays lost."""
        if self.link is not None and self.link.proxied:
            await self.proxy_failed(detail)
        else:
            await self.unreachable(detail)

    async def proxy_failed(self, detail: str) -> None:
        """The number's own proxy does not lead to WhatsApp: try again with backoff through it,
        never without it; an attempt to link ends when that lasts."""
        now = asyncio.get_running_loop().time()
        self.outage_since = self.outage_since or now
        if self.state.jid:
            delay = next(self.delays)
        elif now - self.outage_since > self.kit.settings.stuck_seconds:
            await self.rest(Event.PROXY_FAILED, detail=detail)
            return
        else:
            delay = next(self.pairing_delays)
        await self.retry_later(timedelta(seconds=delay), Event.PROXY_FAILED, detail=detail)

    async def retry(self) -> None:
        """The wait is over. The row keeps saying why until something better is known."""
        if not self.state.jid and self.state.status is Status.DISCONNECTED:
            await self.pair()
        elif not self.state.jid:
            await self._start(EngineKind.LINKING, self.kit.settings.stuck_seconds, "no_qr")
        elif self.state.status is Status.DISCONNECTED and self.outage_since is None:
            await self.reconnect()
        else:
            await self.reconnect(None)

    # --- ending -------------------------------------------------------------------------

    async def forget_keys(self) -> None:
        """Delete the stored keys: the customer unlinked, or WhatsApp said logged out."""
        await self.drop_link()
        delete_keys(self.kit.settings, self.state.id)

    async def stop(self) -> None:
        """Disconnect because the customer asked; the keys stay."""
        await self.rest(Event.STOPPED, self.state.wanted_by)

    async def suspend(self) -> None:
        """Disconnect because the account may not run for now; the keys stay."""
        await self.rest(Event.SUSPENDED)

    async def resume(self) -> None:
        """Connect with the stored keys, for the account may run again."""
        await self.reconnect(Event.RESUMED)

    async def unlink(self) -> None:
        """Remove the device at WhatsApp, which needs a connection, and delete the keys."""
        if not self.state.jid:
            await self.finish_unlink(told=True)
        elif self.link is not None and self.link.connected:
            await self.finish_unlink(told=await self.link.logout())
        else:
            self.unlinking = True
            await self._start(EngineKind.RUNNING, UNLINK_SECONDS, "no_unlink")

    async def finish_unlink(self, *, told: bool) -> None:
        """The row, the keys and what still waited to be sent."""
        detail = "" if told else "WhatsApp was not told: remove the device on the phone, too"
        by = self.state.wanted_by
        await self.end_link(Event.UNLINKED, by, detail, "The number was unlinked")

    async def end_link(self, event: Event, actor: str, detail: str, cause: str) -> None:
        """The link is over for good: keys, row, and the texts that will not be sent. In this
        order: once the row says so, no further text is taken."""
        await self.forget_keys()
        await self.rest(event, actor, detail, jid="")
        sentence = f"{cause} before this text was sent."
        await self.lasting(
            lambda: self.kit.outgoing.fail_waiting(self.state.id, str(event), sentence)
        )
