"""The place for a session's client: it holds at most one, and the sender that uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.account_turns import AccountTurns
from sessions_app.gateway.decisions.actor_events import (
    ActorEvent,
    ClientEvent,
    PairingCodeReceived,
    PairingCodeRefused,
    PairingCodeUnanswered,
)
from sessions_app.gateway.decisions.attempt import ClientState
from sessions_app.gateway.engine_pool import Engines
from sessions_app.gateway.engine_process import CommandRefused, CommandTimeout, EngineGone
from sessions_app.gateway.outgoing import OutgoingSender, settle
from sessions_app.gateway.persistence import persist
from sessions_app.gateway.ports import (
    MessageSink,
    OutgoingQueue,
    RouteCheck,
    SessionState,
    SessionStore,
)
from sessions_app.gateway.remote_client import RemoteClient
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.start_queue import StartQueue

# Messages and receipts of an account on their way to the database at once: transactions wait in one
# line for a few threads, in which many busy numbers of one customer would delay all others.
STORED_AT_ONCE = 4  # as many as there are threads on PostgreSQL


@dataclass(frozen=True)
class Dependencies:
    """What all sessions of a gateway share."""

    store: SessionStore
    engines: Engines
    queue: StartQueue
    sink: MessageSink
    outgoing: OutgoingQueue
    settings: GatewaySettings
    now: Callable[[], datetime]
    random: Callable[[], float]
    routes: RouteCheck | None = None  # None: proxies are not tried before a start
    arrivals: AccountTurns = field(default_factory=lambda: AccountTurns(STORED_AT_ONCE))


class ClientSlot:
    """Opens, uses and drops the client of one session."""

    def __init__(
        self,
        session: SessionState,
        dependencies: Dependencies,
        on_event: Callable[[str, ClientEvent], None],
        on_proof: Callable[[datetime], None],
        on_stuck: Callable[[str], None],
    ) -> None:
        """``on_event`` gets the client's run and event; ``on_proof`` the times at which
        WhatsApp answered; ``on_stuck`` the run of a client that got no answer to a text."""
        self._dependencies = dependencies
        self._on_event = on_event
        self._on_proof = on_proof
        self._client: RemoteClient | None = None
        self._sender = OutgoingSender(
            session.id, dependencies.outgoing, dependencies.settings, on_proof, on_stuck
        )

    @property
    def state(self) -> ClientState | None:
        """The client as rules see it, or None if there is none."""
        client = self._client
        if client is None:
            return None
        return ClientState(client.kind, client.connected, client.proxied, client.should_move)

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.connected

    def holds(self, run: str) -> bool:
        """Whether ``run`` is the present client; events of earlier ones no longer matter."""
        return self._client is not None and self._client.run == run

    async def route(self, session: SessionState, *, moves: bool = False) -> str | None:
        """Return the number's own proxy as a URL, after reaching WhatsApp through it; None if it
        has none. This comes before any queue, so a silent proxy delays only its own number. A
        connected client that ``moves`` to another engine proves that its proxy works.

        Raises ProxyUnusable or LeaseLost."""
        store, routes = self._dependencies.store, self._dependencies.routes
        proxy = await persist(lambda: store.proxy_of(session))
        proven = moves and self._client is not None and self._client.goes_through(proxy)
        if proxy is not None and routes is not None and not proven:
            await routes.verify(session.account_id, proxy)
        return proxy

    async def open(self, kind: EngineKind, session: SessionState, proxy: str | None) -> None:
        """Replace the client by a new one in an engine of ``kind``, which goes through ``proxy``
        (see ``route``); ``start`` it next.

        Raises EngineUnavailable; the old client is kept then."""
        queue, engines = self._dependencies.queue, self._dependencies.engines
        if proxy is None:
            leave = await queue.enter()
        else:
            leave = await queue.enter_proxied(session.account_id)
        try:
            reserve = engines.reserve if proxy is None else engines.reserve_proxied
            engine = await reserve(kind)
        except BaseException:
            leave()
            raise
        await self.drop()  # only now: a session that moves is offline for milliseconds
        self._client = RemoteClient(engine, self._on_event, leave, proxy)

    async def start(self, session: SessionState) -> None:
        """Settle the texts in doubt, then start the client with the session's keys, or without
        keys in a linking engine. Events report the rest."""
        client, settings = self._client, self._dependencies.settings
        if client is None:
            return
        await persist(lambda: settle(session.id, client, self._dependencies.outgoing, settings))
        jid = session.jid if client.kind is EngineKind.RUNNING else ""
        await client.start(str(session.id), jid, settings, device_name=session.device_name)

    async def drop(self) -> None:
        """End the client, if there is one. Its keys stay."""
        await self._sender.end()
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    def mark_answered(self) -> None:
        if self._client is not None:
            self._client.answered()

    def mark_connected(self, connected: bool) -> None:
        if self._client is not None:
            self._client.connected = connected
            if connected:
                self._client.answered()

    def retire_engine(self) -> None:
        if self._client is not None:
            self._client.retire_engine()

    def confirm_stored(self, key: str) -> None:
        """Let the engine's journal forget the entry ``key``."""
        if self._client is not None:
            self._client.stored([key])

    def set_aside(self, key: str) -> None:
        """Let the engine's journal set the entry ``key`` aside."""
        if self._client is not None:
            self._client.set_aside([key])

    async def log_out(self) -> bool:
        """Remove the device at WhatsApp. Returns whether WhatsApp confirmed it."""
        return self._client is not None and await self._client.logout()

    async def request_pairing_code(self, phone: str) -> ActorEvent:
        """Request a code to type on the phone with this number (E.164)."""
        if self._client is None:
            return PairingCodeUnanswered()
        try:
            return PairingCodeReceived(await self._client.pair_code(phone))
        except CommandRefused as refused:
            return PairingCodeRefused(str(refused))
        except (EngineGone, CommandTimeout):
            return PairingCodeUnanswered()

    async def probe(self, on_silence: Callable[[str], None]) -> None:
        """Ask WhatsApp for a sign of life; call ``on_silence`` with the run if none comes."""
        client = self._client
        if client is None:
            return
        if await client.prove():
            self._on_proof(self._dependencies.now())
        else:
            on_silence(client.run)

    async def start_sending(self) -> None:
        """Send waiting texts over the client from now on."""
        if self._client is not None:
            await self._sender.begin(self._client)

    def wake_sender(self) -> None:
        """Check for waiting texts."""
        self._sender.wake()
