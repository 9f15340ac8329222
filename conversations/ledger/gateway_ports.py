"""The gateway's ``MessageSink`` and ``OutgoingQueue`` on the ledger.

Each method is one whole transaction, run by ``run``; after the commit a hint to the viewers
follows on the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from conversations.ledger import inbound, outbound, receipts
from core.data.db_threads import Run
from sessions_app.gateway.ports import IncomingMessage, OutgoingText, Receipt
from sessions_app.hints import hint_messages


class DatabaseMessageSink:
    """Stores what arrives. Methods return after the commit; repeating a call changes nothing."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def store_message(self, session_id: UUID, message: IncomingMessage) -> None:
        if await self._run(lambda: inbound.store_message(session_id, message)):
            await hint_messages(session_id)

    async def store_receipt(self, session_id: UUID, receipt: Receipt) -> None:
        if await self._run(lambda: receipts.store_receipt(session_id, receipt)):
            await hint_messages(session_id)


class DatabaseOutgoingQueue:
    """The texts to send. Late or repeated results never move a message backwards."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def waiting(self, session_ids: Sequence[UUID]) -> list[UUID]:
        if not session_ids:
            return []
        return await self._run(lambda: outbound.sessions_that_wait(session_ids))

    async def take(self, session_id: UUID) -> OutgoingText | None:
        return await self._run(lambda: outbound.take(session_id))

    async def sent(self, message_id: UUID, whatsapp_id: str, at: datetime) -> None:
        await self._change(lambda: outbound.sent(message_id, whatsapp_id, at))

    async def failed(self, message_id: UUID, code: str, sentence: str) -> None:
        await self._change(lambda: outbound.failed(message_id, code, sentence))

    async def put_back(self, message_id: UUID) -> None:
        await self._change(lambda: outbound.put_back(message_id))

    async def in_doubt(self, session_id: UUID) -> dict[str, UUID]:
        return await self._run(lambda: outbound.in_doubt(session_id))

    async def may_have_left(self, message_id: UUID, whatsapp_id: str) -> None:
        await self._change(lambda: outbound.may_have_left(message_id, whatsapp_id))

    async def fail_waiting(self, session_id: UUID, code: str, sentence: str) -> None:
        await self._change(lambda: outbound.fail_waiting(session_id, code, sentence))

    async def _change(self, transaction: Callable[[], UUID | None]) -> None:
        changed = await self._run(transaction)
        if changed is not None:
            await hint_messages(changed)
