"""Group commit: changes that arrive while a transaction runs are written by the next one, together.

A single change is written at once. When all numbers of a gateway change at the same moment, as
after a restart of WhatsApp's servers, writing takes half the time this way (measured; see
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
    request: ChangeRequest
    result: asyncio.Future[SessionState]


class GroupCommit:
    """Writes the changes of the gateway ``owner``; ``run`` runs a transaction."""

    def __init__(self, run: Run, owner: str) -> None:
        self._run, self._owner = run, owner
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def apply(self, request: ChangeRequest) -> SessionState:
        """Return the new state once it is committed. Raises the exception that
        ``transitions.apply_changes`` returns for this change, and whatever ``run`` raises."""
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
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
        """Return the oldest waiting changes, one per session: later ones depend on earlier ones."""
        batch: dict[UUID, _Waiting] = {}
        for waiting in self._waiting:
            if not waiting.result.done() and len(batch) < MOST_TOGETHER:
                batch.setdefault(waiting.request.session_id, waiting)
        taken = list(batch.values())
        self._waiting = [w for w in self._waiting if w not in taken and not w.result.done()]
        return taken

    def _write(self, batch: list[_Waiting]) -> list[SessionState | Exception]:
        return apply_changes(self._owner, [waiting.request for waiting in batch])


def _settle(future: asyncio.Future[SessionState], result: SessionState | Exception) -> None:
    if future.done():  # the caller was cancelled meanwhile
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
