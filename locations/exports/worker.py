"""Writes the exports that owners request, two at a time, beside each gateway."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial

from core.background.worker import Work, Worker
from core.data.built_files import discard
from core.data.db_threads import Run
from locations.exports import queue
from locations.exports.queue import ClaimedExport
from locations.exports.writer import ExportTooLarge, NoLongerMine, write_export

logger = logging.getLogger(__name__)

AT_ONCE = 2  # so that a large one does not delay all others
POLL_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 600.0


class ExportWriter(Work[ClaimedExport]):
    """One process's worker. ``run`` runs a transaction in a thread; writing takes seconds to
    minutes, and goes to ``run_slowly``, so that it does not delay the gateway's transactions."""

    def __init__(self, run: Run, run_slowly: Run) -> None:
        self._run, self._run_slowly = run, run_slowly
        self._housekeeping_at = 0.0
        self._worker = Worker(
            self, "exports", concurrency=AT_ONCE, poll_seconds=POLL_SECONDS, stop_seconds=0.0
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Write until ``stop``. An export that is not finished then is given back at once."""
        await self._worker.run(stop)

    async def maintain(self) -> None:
        if time.monotonic() >= self._housekeeping_at:
            self._housekeeping_at = time.monotonic() + HOUSEKEEPING_SECONDS
            await self._run(queue.forget_old)

    async def claim(self, room: int) -> AsyncIterator[ClaimedExport]:
        for _ in range(room):
            claimed = await self._run(queue.claim)
            if claimed is None:
                return
            yield claimed

    async def do(self, piece: ClaimedExport) -> None:
        about = {"export": str(piece.export), "account": str(piece.account)}
        # In the thread of the writer, whose connection it uses.
        progress = partial(queue.show_progress, piece)
        try:
            size = await self._run_slowly(partial(write_export, piece, progress))
        except NoLongerMine:
            discard(piece.draft)
            return
        except Exception as error:
            logger.exception("An export failed", extra=about)
            too_large = isinstance(error, ExportTooLarge)
            await self._run(partial(queue.fail, piece, for_good=too_large))
            return
        if await self._run(partial(queue.finish, piece, size)):
            logger.info("Export written", extra={**about, "bytes": size})

    async def give_back(self, pieces: Sequence[ClaimedExport]) -> None:
        for piece in pieces:
            await self._run(partial(queue.fail, piece))
