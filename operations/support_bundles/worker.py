"""Builds the support bundles that people ask for, one at a time, beside each gateway."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

from conversations.ledger.gateway_ports import Run
from core.background.poll_loop import Looks
from operations.support_bundles.build import BundleRequest, build_bundle
from sessions_app.support import queue
from sessions_app.support.queue import Asked

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 600.0


class BundleBuilder:
    """One process's builder. ``run`` is the thread that talks to the database; what takes seconds
    goes ``aside``, so that it holds up no gateway."""

    def __init__(self, run: Run, aside: Run) -> None:
        self._run, self._aside = run, aside
        self._housekeeping_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Build until ``stop``. What is half done then is given back at once."""
        await Looks(partial(self._look, stop), LOOK_SECONDS, "support bundles").until(stop)

    async def _look(self, stop: asyncio.Event) -> None:
        if time.monotonic() >= self._housekeeping_at:
            self._housekeeping_at = time.monotonic() + HOUSEKEEPING_SECONDS
            await self._run(queue.forget_old)
        asked = await self._run(queue.claim)
        if asked is not None:
            await self._make(asked, stop)

    async def _make(self, asked: Asked, stop: asyncio.Event) -> None:
        wanted = BundleRequest(asked.account, asked.session, asked.lines)
        work = asyncio.ensure_future(self._aside(partial(build_bundle, wanted, asked.draft)))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            work.cancel()
            await self._run(partial(queue.fail, asked))
            return
        try:
            size = work.result()
        except Exception:
            logger.exception("A support bundle failed", extra={"bundle": str(asked.bundle)})
            await self._run(partial(queue.fail, asked))
        else:
            await self._run(partial(queue.finish, asked, size))
            logger.info("Support bundle made", extra={"bundle": str(asked.bundle), "bytes": size})
