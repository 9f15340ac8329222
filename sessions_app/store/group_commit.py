"""Group commit: changes that come in while one transaction runs are written by the next, together.

One alone is written at once. When a whole gateway of numbers moves in the same moment, as after
a restart of WhatsApp's servers, serving takes half the time that way (measured; see
docs/decisions/0007-changes-are-committed-in-groups.md).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from core.data.db_threads import Run
from sessions_app.gateway.ports import SessionState
from sessions_app.store.transitions import ChangeRequest, apply_changes

MOST_TOGETHER = 50


@dataclass(frozen=True)
class _Waiting:
    asked: ChangeRequest
    result: asyncio.Future[SessionState]


class GroupCommit:
    """Writes the changes that the gateway ``owner`` asks for; ``run`` runs a transaction."""

    def __init__(self, run: Run, owner: str) -> None:
        self._run, self._owner = run, owner
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def apply(self, asked: ChangeRequest) -> SessionState:
        """The new state once it is committed. Raises what ``transitions.apply_changes`` says of
        this change, and what ``run`` raises."""
        waiting = _Waiting(asked, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await waiting.result

    async def _write_all(self) -> None:
        while batch := self._next_batch():
            try:
                results = await self._run(lambda b=batch: self._write(b))  # type: ignore[misc]
            except Exception as error:
                results = [error] * len(batch)
            for waiting, result in zip(batch, results, strict=True):
                _settle(waiting.result, result)

    def _next_batch(self) -> list[_Waiting]:
        """The oldest that still wait, one of each session: a later one builds on the former."""
        batch: dict[UUID, _Waiting] = {}
        for waiting in self._waiting:
            if not waiting.result.done() and len(batch) < MOST_TOGETHER:
                batch.setdefault(waiting.asked.session_id, waiting)
        taken = list(batch.values())
        self._waiting = [w for w in self._waiting if w not in taken and not w.result.done()]
        return taken

    def _write(self, batch: list[_Waiting]) -> list[SessionState | Exception]:
        return apply_changes(self._owner, [waiting.asked for waiting in batch])


def _settle(future: asyncio.Future[SessionState], result: SessionState | Exception) -> None:
    if future.done():  # who waited was cancelled meanwhile
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
