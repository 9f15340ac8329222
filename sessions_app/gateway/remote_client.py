"""A link: one client in one engine, followed by one session's runner."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sessions_app.engine.protocol import Command, EngineKind
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
SEND_SECONDS = 90.0  # whatsmeow itself gives up after 75 s without an acknowledgement
PROOF_SECONDS = 15.0


class RemoteClient:
    """Speaks for one run; its events go to ``on_event`` tagged with the run."""

    def __init__(
        self,
        engine: EngineProcess,
        on_event: Callable[[str, dict[str, Any]], None],
        leave_queue: Callable[[], None],
    ) -> None:
        self.run = uuid.uuid4().hex
        self.connected = False
        self.proxied = False  # whether it goes through a proxy of the number's own
        self._engine = engine
        self._leave_queue = leave_queue
        engine.follow(self.run, lambda message: on_event(self.run, message))

    @property
    def kind(self) -> EngineKind:
        return self._engine.kind

    @property
    def engine(self) -> EngineProcess:
        return self._engine

    @property
    def should_move(self) -> bool:
        """A connected session does not stay in a linking engine, nor in one being recycled."""
        return self.kind is EngineKind.LINKING or self._engine.retiring

    def answered(self) -> None:
        """The start has shown a sign of life: others may start."""
        self._leave_queue()

    async def start(
        self,
        session: str,
        jid: str,
        settings: GatewaySettings,
        *,
        device_name: str = "",
        proxy: str | None = None,
    ) -> None:
        """Begin to connect, as ``device_name`` (the installation's when empty), through the
        number's own ``proxy`` if it has one; events tell the rest. A lost or silent engine is no
        error here: its end, or the runner's deadline, tells."""
        self.proxied = proxy is not None
        with contextlib.suppress(EngineGone, CommandTimeout):
            await self._engine.ask(
                Command.START,
                START_SECONDS,
                run=self.run,
                store=settings.store_of(session),
                journal=settings.journal_of(session),
                jid=jid or None,
                device_name=device_name or settings.device_name,
                proxy=proxy,
            )

    async def find_sent(
        self, session: str, secrets: list[str], settings: GatewaySettings
    ) -> dict[str, str]:
        """secret → WhatsApp's id, for those that the library had begun to send.

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
        """WhatsApp's id and the time at which it took the text.

        Raises EngineGone, CommandTimeout or CommandRefused."""
        result = await self._engine.ask(
            Command.SEND, SEND_SECONDS, run=self.run, to=text.to, text=text.text, secret=text.secret
        )
        return str(result["whatsapp_id"]), datetime.fromtimestamp(float(result["at"]), UTC)

    async def pair_code(self, phone: str) -> str:
        """A code to type on the phone with this number (E.164). Raises as ``send`` does."""
        result = await self._engine.ask(
            Command.PAIR_CODE, PAIR_CODE_SECONDS, run=self.run, phone=phone
        )
        return str(result["code"])

    async def prove(self) -> bool:
        """Whether WhatsApp answers a cheap query now."""
        try:
            await self._engine.ask(Command.PROOF, PROOF_SECONDS, run=self.run)
        except (EngineGone, CommandTimeout, CommandRefused):
            return False
        return True

    def stored(self, keys: list[str]) -> None:
        """These journal entries are in the ledger now."""
        self._engine.tell(Command.STORED, run=self.run, keys=keys)

    async def logout(self) -> bool:
        """Remove the device at WhatsApp; whether WhatsApp was told."""
        try:
            await self._engine.ask(Command.LOGOUT, LOGOUT_SECONDS, run=self.run)
        except (EngineGone, CommandTimeout, CommandRefused):
            return False
        return True

    async def stop(self) -> None:
        """End the client, keep its keys. Never fails: what cannot be stopped is forgotten."""
        self.abandon()
        with contextlib.suppress(EngineGone, CommandTimeout, CommandRefused):
            await self._engine.ask(Command.STOP, STOP_SECONDS, run=self.run)

    def abandon(self) -> None:
        """Hear no more of it."""
        self._leave_queue()
        self.connected = False
        self._engine.forget(self.run)


class Deadline:
    """The one moment at which a runner acts by itself if nothing else happens."""

    def __init__(self) -> None:
        self._at: float | None = None
        self.purpose = ""

    def set(self, seconds: float, purpose: str) -> None:
        self._at = asyncio.get_running_loop().time() + seconds
        self.purpose = purpose

    def clear(self) -> None:
        self._at, self.purpose = None, ""

    def remaining(self) -> float | None:
        """Seconds until it passes, at least 0; None when there is none."""
        if self._at is None:
            return None
        return max(0.0, self._at - asyncio.get_running_loop().time())
