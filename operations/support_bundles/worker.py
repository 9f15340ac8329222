"""Builds the support bundles that users request, one at a time, beside each gateway."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial

from core.background.worker import Work, Worker
from core.data.db_threads import Run
from operations.support_bundles.build import BundleRequest, build_bundle
from sessions_app.support import queue
from sessions_app.support.queue import ClaimedBundle

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 600.0


class BundleBuilder(Work[ClaimedBundle]):
    """One process's builder. ``run`` runs a transaction in a thread; building takes seconds, and
    goes to ``run_slowly``, so that it does not delay the gateway's transactions."""

    def __init__(self, run: Run, run_slowly: Run) -> None:
        self._run, self._run_slowly = run, run_slowly
        self._housekeeping_at = 0.0
        self._worker = Worker(
            self, "support bundles", concurrency=1, poll_seconds=POLL_SECONDS, stop_seconds=0.0
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Build until ``stop``. A bundle that is not finished then is given back at once."""
        await self._worker.run(stop)

    async def maintain(self) -> None:
        if time.monotonic() >= self._housekeeping_at:
            self._housekeeping_at = time.monotonic() + HOUSEKEEPING_SECONDS
            await self._run(queue.forget_old)

    async def claim(self, room: int) -> AsyncIterator[ClaimedBundle]:
        claimed = await self._run(queue.claim)
        if claimed is not None:
            yield claimed

    async def do(self, piece: ClaimedBundle) -> None:
        request = BundleRequest(piece.account, piece.session, piece.lines)
        try:
            size = await self._run_slowly(partial(build_bundle, request, piece.draft))
        except Exception:
            logger.exception("A support bundle failed", extra={"bundle": str(piece.bundle)})
            await self._run(partial(queue.fail, piece))
            return
        await self._run(partial(queue.finish, piece, size))
        logger.info("Support bundle built", extra={"bundle": str(piece.bundle), "bytes": size})

    async def give_back(self, pieces: Sequence[ClaimedBundle]) -> None:
        for piece in pieces:
            await self._run(partial(queue.fail, piece))
