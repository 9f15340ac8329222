"""Sending the texts of one session: one at a time, oldest first, never twice.

A text is marked as being sent before the engine hears of it. When an engine ends in between,
the secret that travels in each text tells afterwards whether WhatsApp's library had begun to
send it (see ``settle``): what had not begun waits again, what may have left is never repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from sessions_app.gateway.engine_process import CommandRefused, CommandTimeout, EngineGone
from sessions_app.gateway.ports import OutgoingQueue, OutgoingText
from sessions_app.gateway.remote_client import RemoteClient
from sessions_app.gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

Lasting = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]

# The engine says these when the text surely did not leave.
_NOT_BEGUN = frozenset({"not_connected", "no_run"})
_IN_DOUBT = frozenset({"timeout", "internal"})


async def settle(
    session: UUID, link: RemoteClient, queue: OutgoingQueue, settings: GatewaySettings
) -> None:
    """Decide about texts that were being sent when an engine ended. To be called before the
    session starts anew; when the engine cannot tell, they stay in doubt until the next start."""
    doubts = await queue.in_doubt(session)
    if not doubts:
        return
    try:
        found = await link.find_sent(str(session), list(doubts), settings)
    except (EngineGone, CommandTimeout, CommandRefused):
        return
    for secret, message_id in doubts.items():
        if secret in found:
            await queue.may_have_left(message_id, found[secret])
        else:
            await queue.put_back(message_id)


class OutgoingSender:
    """Sends while its link is connected; wake it when there may be something to send."""

    def __init__(
        self,
        session: UUID,
        queue: OutgoingQueue,
        settings: GatewaySettings,
        lasting: Lasting,
        on_proof: Callable[[datetime], None],
    ) -> None:
        """``lasting`` repeats a write while the database is away: what WhatsApp has answered
        must not be forgotten."""
        self._session, self._queue, self._settings = session, queue, settings
        self._lasting, self._on_proof = lasting, on_proof
        self._wake = asyncio.Event()
        self._link: RemoteClient | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self, link: RemoteClient) -> None:
        """Send over ``link`` from now on. A text that is on its way over it already goes on:
        whatsmeow repeats it itself after a reconnect."""
        self._wake.set()
        if self._link is link and self._task is not None and not self._task.done():
            return
        await self.end()
        self._link = link
        self._task = asyncio.create_task(self._send_all(link), name=f"texts-{self._session}")

    def wake(self) -> None:
        self._wake.set()

    async def end(self) -> None:
        """Send no more. A text that is on its way stays marked as being sent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _send_all(self, link: RemoteClient) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while link.connected and (text := await self._queue.take(self._session)):
                    await self._send(link, text)
            except EngineGone:
                return
            except Exception:  # the database may be away; the poll wakes us again
                logger.exception("Texts could not be sent", extra={"session": str(self._session)})

    async def _send(self, link: RemoteClient, text: OutgoingText) -> None:
        try:
            whatsapp_id, at = await link.send(text)
        except CommandTimeout:
            await self._doubt(link)
        except CommandRefused as refused:
            await self._refused(link, text, refused)
        else:
            self._on_proof(datetime.now(UTC))
            await self._lasting(lambda: self._queue.sent(text.id, whatsapp_id, at))

    async def _refused(
        self, link: RemoteClient, text: OutgoingText, refused: CommandRefused
    ) -> None:
        if refused.code in _NOT_BEGUN:
            await self._lasting(lambda: self._queue.put_back(text.id))
            await asyncio.sleep(0.2)  # the drop that caused it is about to be told
            self._wake.set()
        elif refused.code in _IN_DOUBT:
            await self._doubt(link)
        else:
            sentence = str(refused)
            await self._lasting(lambda: self._queue.failed(text.id, refused.code, sentence))

    async def _doubt(self, link: RemoteClient) -> None:
        logger.warning("A text got no answer", extra={"session": str(self._session)})
        await settle(self._session, link, self._queue, self._settings)
