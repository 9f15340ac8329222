"""One client in one engine, as its session uses it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from core.data import bounds
from sessions_app.engine.protocol import Command, EngineKind
from sessions_app.gateway.decisions.actor_events import ClientEvent
from sessions_app.gateway.engine_process import (
    CommandRefused,
    CommandTimeout,
    EngineGone,
    EngineProcess,
)
from sessions_app.gateway.ports import OutgoingText
from sessions_app.gateway.settings import GatewaySettings

START_SECONDS = 15.0
STOP_SECONDS = 5.0
LOGOUT_SECONDS = 10.0
PAIR_CODE_SECONDS = 30.0
# whatsmeow gives up a text without an acknowledgement after 75 s, but repeats a text without any
# timer if the socket is lost meanwhile. 40 s leave time to connect again within a minute.
SEND_SECONDS = 40.0
PROOF_SECONDS = 15.0


class RemoteClient:
    """Sends commands for one run. Its events go to ``on_event``, together with the run."""

    def __init__(
        self,
        engine: EngineProcess,
        on_event: Callable[[str, ClientEvent], None],
        leave_queue: Callable[[], None],
        proxy: str | None = None,
    ) -> None:
        """``proxy`` is the number's own (a URL), if it has one. ``leave_queue`` gives back the
        place in the start queue."""
        self.run = uuid.uuid4().hex
        self.connected = False
        self._engine = engine
        self._leave_queue = leave_queue
        self._proxy = proxy
        engine.follow(self.run, lambda event: on_event(self.run, event))

    @property
    def kind(self) -> EngineKind:
        return self._engine.kind

    @property
    def proxied(self) -> bool:
        """Whether it dials through the number's own proxy."""
        return self._proxy is not None

    def goes_through(self, proxy: str | None) -> bool:
        """Return whether it is connected through ``proxy``, a URL."""
        return self.connected and self._proxy == proxy

    @property
    def should_move(self) -> bool:
        """Whether its engine is a linking engine or being recycled, and so not meant for a
        connected client."""
        return self.kind is EngineKind.LINKING or self._engine.retiring

    def answered(self) -> None:
        """Let the next start begin: this one has shown a sign of life."""
        self._leave_queue()

    def retire_engine(self) -> None:
        """Start no further clients in this engine."""
        self._engine.retiring = True

    async def start(
        self,
        session: str,
        jid: str,
        settings: GatewaySettings,
        *,
        device_name: str = "",
    ) -> None:
        """Start connecting as ``device_name`` (empty: the installation's). Events report the
        rest. An engine that ends or does not answer is no error here: its end is an event, and
        the session has a deadline."""
        with contextlib.suppress(EngineGone, CommandTimeout):
            await self._engine.ask(
                Command.START,
                START_SECONDS,
                run=self.run,
                store=settings.store_of(session),
                journal=settings.journal_of(session),
                jid=jid or None,
                device_name=device_name or settings.device_name,
                proxy=self._proxy,
            )

    async def find_sent(
        self, session: str, secrets: list[str], settings: GatewaySettings
    ) -> dict[str, str]:
        """Return WhatsApp's id by secret, for the texts that the library had begun to send.

        Raises EngineGone, CommandTimeout or CommandRefused."""
        result = await self._engine.ask(
            Command.FIND_SENT,
            START_SECONDS,
            run=self.run,
            store=settings.store_of(session),
            secrets=secrets,
        )
        found = result.get("found")
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    async def send(self, text: OutgoingText) -> tuple[str, datetime]:
        """Send ``text``. Returns WhatsApp's id and the time at which WhatsApp accepted it.

        Raises EngineGone, CommandTimeout or CommandRefused."""
        result = await self._engine.ask(
            Command.SEND, SEND_SECONDS, run=self.run, to=text.to, text=text.text, secret=text.secret
        )
        return str(result["whatsapp_id"]), bounds.moment(result["at"], datetime.now(UTC))

    async def pair_code(self, phone: str) -> str:
        """Return a code to type on the phone with this number (E.164). Raises like ``send``."""
        result = await self._engine.ask(
            Command.PAIR_CODE, PAIR_CODE_SECONDS, run=self.run, phone=phone
        )
        return str(result["code"])

    async def prove(self) -> bool:
        """Return whether WhatsApp answers a cheap query now."""
        try:
            await self._engine.ask(Command.PROOF, PROOF_SECONDS, run=self.run)
        except (EngineGone, CommandTimeout, CommandRefused):
            return False
        return True

    def stored(self, keys: list[str]) -> None:
        """Let the engine forget these journal entries: the ledger has stored them."""
        self._engine.tell(Command.STORED, run=self.run, keys=keys)

    def set_aside(self, keys: list[str]) -> None:
        """Let the engine set these journal entries aside: the ledger cannot store them."""
        self._engine.tell(Command.SET_ASIDE, run=self.run, keys=keys)

    async def logout(self) -> bool:
        """Remove the device at WhatsApp. Returns whether WhatsApp confirmed it."""
        try:
            await self._engine.ask(Command.LOGOUT, LOGOUT_SECONDS, run=self.run)
        except (EngineGone, CommandTimeout, CommandRefused):
            return False
        return True

    async def stop(self) -> None:
        """End the client and keep its keys. Never fails: a client that cannot be stopped is
        abandoned."""
        self.abandon()
        with contextlib.suppress(EngineGone, CommandTimeout, CommandRefused):
            await self._engine.ask(Command.STOP, STOP_SECONDS, run=self.run)

    def abandon(self) -> None:
        """Ignore all further events of the client."""
        self._leave_queue()
        self.connected = False
        self._engine.forget(self.run)
