"""A hint that a text waits wakes the sender; it does not make the gateway read the session."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sessions_app.gateway.ports import (
    Change,
    Hint,
    IncomingMessage,
    OutgoingText,
    Receipt,
    SessionState,
)
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.supervisor import Gateway
from sessions_app.lifecycle import Reason, Status, Wanted

NOW = datetime.now(UTC)
# A session whose next retry is due tomorrow: its runner waits and needs no engine.
WAITING = SessionState(
    id=uuid4(),
    account_id=uuid4(),
    location_id=uuid4(),
    wanted=Wanted.LINKED,
    wanted_attempt=1,
    wanted_at=NOW,
    wanted_by="",
    wanted_pairing_phone="",
    attempt=1,
    status=Status.DISCONNECTED,
    reason=Reason.UNREACHABLE,
    since=NOW,
    version=5,
    jid="351911111111:1@s.whatsapp.net",
    lease_epoch=1,
    next_retry_at=NOW + timedelta(days=1),
)


class MemoryStore:
    """A ``SessionStore`` with one session, which counts how often its row is read."""

    def __init__(self) -> None:
        self.reads, self.claims = 0, 0
        self.was_claimed, self.was_read = asyncio.Event(), asyncio.Event()
        self._free = [WAITING]

    async def claim(self, limit: int) -> list[SessionState]:
        self.claims += 1
        self.was_claimed.set()
        claimed, self._free = self._free, []
        return claimed

    async def free_dead_leases(self) -> int:
        return 0

    async def renew(self) -> set[UUID]:
        return {WAITING.id}

    async def wishes(self) -> list[SessionState]:
        return []

    async def read(self, session_id: UUID) -> SessionState | None:
        self.reads += 1
        self.was_read.set()
        return WAITING

    async def proxy_of(self, state: SessionState) -> str | None:
        return None

    async def apply(self, state: SessionState, change: Change) -> SessionState:
        return state

    async def note_proofs(self, proofs: Mapping[UUID, datetime]) -> None: ...

    async def note_phones(self, phones: Mapping[UUID, datetime]) -> None: ...

    async def release(self, session_ids: Sequence[UUID]) -> None: ...

    async def heartbeat(
        self, engines: list[dict[str, Any]], neonize_version: str, trouble: str
    ) -> None: ...

    async def mark_stopped(self) -> None: ...


class MemoryHints(asyncio.Queue[Hint]):
    """``Hints`` that the test puts in; ``join`` returns when the gateway has handled them."""

    _taken = False

    async def next(self) -> Hint:
        if self._taken:
            self.task_done()
        hint = await self.get()
        self._taken = True
        return hint


class NoMessages:
    """A ``MessageSink`` and an ``OutgoingQueue`` without messages."""

    async def store_message(self, session_id: UUID, message: IncomingMessage) -> None: ...

    async def store_receipt(self, session_id: UUID, receipt: Receipt) -> None: ...

    async def waiting(self, session_ids: Sequence[UUID]) -> list[UUID]:
        return []

    async def take(self, session_id: UUID) -> OutgoingText | None:
        return None

    async def sent(self, message_id: UUID, whatsapp_id: str, at: datetime) -> None: ...

    async def failed(self, message_id: UUID, code: str, sentence: str) -> None: ...

    async def put_back(self, message_id: UUID) -> None: ...

    async def in_doubt(self, session_id: UUID) -> dict[str, UUID]:
        return {}

    async def may_have_left(self, message_id: UUID, whatsapp_id: str) -> None: ...

    async def fail_waiting(self, session_id: UUID, code: str, sentence: str) -> None: ...


async def test_it_reads_no_row_for_a_waiting_text(tmp_path: Path) -> None:
    no_engine = GatewaySettings(data_dir=tmp_path, simulator=tmp_path / "no such file.json")
    store, hints, stop = MemoryStore(), MemoryHints(), asyncio.Event()
    gateway = Gateway(no_engine, store, hints, NoMessages(), NoMessages())
    running = asyncio.create_task(gateway.run(stop))
    async with asyncio.timeout(30):
        await store.was_claimed.wait()
        for _ in range(3):
            hints.put_nowait(Hint(WAITING.id, text_waiting=True))
            hints.put_nowait(Hint(uuid4(), text_waiting=True))
        await hints.join()
        for _ in range(50):  # let the runner take up what it was given
            await asyncio.sleep(0)
        texts = (store.reads, store.claims)
        hints.put_nowait(Hint(WAITING.id))
        await store.was_read.wait()
        stop.set()
        await running

    assert texts == (0, 1)
    assert store.reads == 1
