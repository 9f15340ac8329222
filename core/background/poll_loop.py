"""A poll loop for background work: do what is due, then wait for a wake-up or the interval.

Plain asyncio, without Django.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from core.data.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)


class PollLoop:
    """Await ``poll`` again and again, with a pause of at most ``seconds`` in between.

    A poll that fails is logged with ``subject`` (such as "mails") and does not end the loop.
    """

    def __init__(self, poll: Callable[[], Awaitable[None]], seconds: float, subject: str) -> None:
        self._poll, self._seconds, self._subject = poll, seconds, subject
        self._wake = asyncio.Event()
        self.stopping = False

    def wake(self) -> None:
        """Cut the pause short: there may be work, or room for more of it."""
        self._wake.set()

    async def run_until(self, stop: asyncio.Event) -> None:
        """Poll until ``stop`` is set; a poll that has begun is completed."""
        waker = asyncio.create_task(self._wake_at(stop))
        while not stop.is_set():
            self._wake.clear()
            await self._poll_once()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._seconds)
        waker.cancel()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.stopping = True
        self._wake.set()

    async def _poll_once(self) -> None:
        try:
            await self._poll()
        except DatabaseUnavailable:
            logger.warning("The database is unavailable; %s wait", self._subject)
        except Exception:
            logger.exception("Polling for %s failed; polling continues", self._subject)
