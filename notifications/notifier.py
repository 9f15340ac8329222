"""The notifier: runs beside the gateway and the web, and turns what happened into news.

Every look is a few short transactions over rows; several notifiers may run at once, each leaves
to the others what they hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.utils import timezone

from notifications.gathering import gather
from notifications.outages import look
from notifications.plan_notices import tell_trials
from notifications.unseen_phones import warn_of_unseen
from notifications.watching import open_for_orphans, tell_due
from sessions_app.gateway.ports import StoreUnavailable

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
OUTAGE_LOOK_SECONDS = 5.0
SLOW_LOOK_SECONDS = 600.0  # at what changes by the day
Run = Callable[[Callable[[], Any]], Awaitable[Any]]


class Notifier:
    """Looks every ``LOOK_SECONDS``; ``run`` runs a transaction."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._outage_look_at = self._slow_look_at = 0.0  # by the monotonic clock

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
        if time.monotonic() >= self._slow_look_at:
            self._slow_look_at = time.monotonic() + SLOW_LOOK_SECONDS
            await self._run(lambda: warn_of_unseen(timezone.now()))
            await self._run(lambda: tell_trials(timezone.now()))
        if time.monotonic() >= self._outage_look_at:  # before what it holds back is told
            self._outage_look_at = time.monotonic() + OUTAGE_LOOK_SECONDS
            while await self._run(lambda: open_for_orphans(timezone.now())):
                logger.debug("Numbers without a gateway have incidents")
            await self._run(lambda: look(timezone.now()))
        while await self._run(lambda: tell_due(timezone.now())):
            logger.debug("Incidents are told")
        while await self._run(lambda: gather(timezone.now())):
            logger.debug("Notices are gathered")
