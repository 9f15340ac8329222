"""Sends the texts of one session: one at a time, oldest first, never twice.

A text is marked as being sent before the engine gets it. If an engine ends in between, the secret
in each text shows whether WhatsApp's library had begun to send it (see ``settle``): a text that
had not been begun is queued again, one that may have been sent is never repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sessions_app.gateway.engine_process import CommandRefused, CommandTimeout, EngineGone
from sessions_app.gateway.persistence import persist
from sessions_app.gateway.ports import OutgoingQueue, OutgoingText
from sessions_app.gateway.remote_client import RemoteClient
from sessions_app.gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

_REFUSAL_PAUSE_SECONDS = 0.2  # the event of the drop that caused the refusal is about to arrive

# The engine's codes for a text that certainly was not sent.
_NOT_BEGUN = frozenset({"not_connected", "no_run"})
_IN_DOUBT = frozenset({"timeout", "internal"})


class ClientStuck(Exception):
    """The client got no answer to a text. It must send nothing else: whatsmeow sends one text
    after another, and may wait for this answer for ever."""


async def settle(
    session: UUID, client: RemoteClient, queue: OutgoingQueue, settings: GatewaySettings
) -> None:
    """Decide about the texts that were being sent when an engine ended. Call it before the
    session starts again. If the engine does not answer, they stay in doubt until the next start.
    """
    doubts = await queue.in_doubt(session)
    if not doubts:
        return
    try:
        found = await client.find_sent(str(session), list(doubts), settings)
    except (EngineGone, CommandTimeout, CommandRefused):
        return
    for secret, message_id in doubts.items():
        if secret in found:
            await queue.may_have_left(message_id, found[secret])
        else:
            await queue.put_back(message_id)


class OutgoingSender:
    """Sends while its client is connected. Wake it when a text may be waiting."""

    def __init__(
        self,
        session: UUID,
        queue: OutgoingQueue,
        settings: GatewaySettings,
        on_proof: Callable[[datetime], None],
        on_stuck: Callable[[str], None],
    ) -> None:
        """``on_proof`` gets the times at which WhatsApp accepted a text, ``on_stuck`` the run of
        a client that got no answer to one and must be replaced."""
        self._session, self._queue, self._settings = session, queue, settings
        self._on_proof, self._on_stuck = on_proof, on_stuck
        self._wake = asyncio.Event()
        self._client: RemoteClient | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self, client: RemoteClient) -> None:
        """Send over ``client`` from now on. A text that is already being sent over it continues:
        whatsmeow repeats it after a reconnect."""
        self._wake.set()
        if self._client is client and self._task is not None and not self._task.done():
            return
        await self.end()
        self._client = client
        self._task = asyncio.create_task(self._send_all(client), name=f"texts-{self._session}")

    def wake(self) -> None:
        """Check for waiting texts."""
        self._wake.set()

    async def end(self) -> None:
        """Stop sending. A text that is being sent stays marked as such."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _send_all(self, client: RemoteClient) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while client.connected and (text := await self._queue.take(self._session)):
                    await self._send(client, text)
            except EngineGone:
                return
            except ClientStuck:
                self._on_stuck(client.run)
                return
            except Exception:  # the database may be away; the supervisor's poll wakes us again
                logger.exception("Texts could not be sent", extra={"session": str(self._session)})

    async def _send(self, client: RemoteClient, text: OutgoingText) -> None:
        try:
            whatsapp_id, at = await client.send(text)
        except CommandTimeout:
            await self._doubt(client)
            raise ClientStuck from None
        except CommandRefused as refused:
            await self._refused(client, text, refused)
        else:
            self._on_proof(datetime.now(UTC))
            await persist(lambda: self._queue.sent(text.id, whatsapp_id, at))

    async def _refused(
        self, client: RemoteClient, text: OutgoingText, refused: CommandRefused
    ) -> None:
        if refused.code in _NOT_BEGUN:
            await persist(lambda: self._queue.put_back(text.id))
            await asyncio.sleep(_REFUSAL_PAUSE_SECONDS)
            self._wake.set()
        elif refused.code in _IN_DOUBT:
            await self._doubt(client)
        else:
            sentence = str(refused)
            await persist(lambda: self._queue.failed(text.id, refused.code, sentence))

    async def _doubt(self, client: RemoteClient) -> None:
        logger.warning("A text got no answer", extra={"session": str(self._session)})
        await settle(self._session, client, self._queue, self._settings)
