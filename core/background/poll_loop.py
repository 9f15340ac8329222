"""The round of whatever works beside the site and the gateway: look at the rows, do what is due,
rest, look again. Plain asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from core.data.errors import StoreUnavailable

logger = logging.getLogger(__name__)


class Looks:
    """``look`` again and again, ``seconds`` after the last one ended. One that fails is logged as
    a look at the ``work`` ("mails"), and harms none of those that follow."""

    def __init__(self, look: Callable[[], Awaitable[None]], seconds: float, work: str) -> None:
        self._look, self._seconds, self._work = look, seconds, work
        self._wake = asyncio.Event()
        self.stopping = False

    def soon(self) -> None:
        """The next look need not wait: there is room for more work."""
        self._wake.set()

    async def until(self, stop: asyncio.Event) -> None:
        """Look until ``stop`` is set; a look that is under way then comes to its end."""
        waker = asyncio.create_task(self._wake_at(stop))
        while not stop.is_set():
            self._wake.clear()
            await self._once()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._seconds)
        waker.cancel()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.stopping = True
        self._wake.set()

    async def _once(self) -> None:
        try:
            await self._look()
        except StoreUnavailable:
            logger.warning("The database does not answer; %s wait", self._work)
        except Exception:
            logger.exception("A look at the %s failed; the next one follows", self._work)
