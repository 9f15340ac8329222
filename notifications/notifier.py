"""The notifier: runs beside the gateway and the web, and turns what happened into news.

Every look is a few short transactions over rows; several notifiers may run at once, each leaves
to the others what they hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.utils import timezone

from notifications.gathering import gather
from sessions_app.gateway.ports import StoreUnavailable

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
Run = Callable[[Callable[[], Any]], Awaitable[Any]]


class Notifier:
    """Looks every ``LOOK_SECONDS``; ``run`` runs a transaction."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``."""
        while not stop.is_set():
            try:
                await self._look()
            except StoreUnavailable:
                logger.warning("The database does not answer; news wait")
            except Exception:
                logger.exception("A look at what is to be told failed; the next one follows")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)

    async def _look(self) -> None:
        while await self._run(lambda: gather(timezone.now())):
            logger.debug("Notices are gathered")
