"""A worker: claims work while it has room, works on several pieces at once, and stops in order.

Plain asyncio. What the work is, and where it comes from, is up to a ``Work``; most claim rows of
a ``RowQueue``.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Generic, TypeVar

from core.background.poll_loop import PollLoop

logger = logging.getLogger(__name__)
Piece = TypeVar("Piece")


class Work(ABC, Generic[Piece]):
    """Where pieces of work come from, and what is done with one."""

    async def maintain(self) -> None:
        """Do what is due at each poll, even without room: renew leases, remove old files."""

    @abstractmethod
    def claim(self, room: int) -> AsyncIterator[Piece]:
        """Claim up to ``room`` pieces of work for this process. Work on each begins as soon as it
        is yielded, so an error in a later claim does not affect it."""

    @abstractmethod
    async def do(self, piece: Piece) -> None:
        """Do the work, and write down how it ended. Cancelled if it outlasts the shutdown."""

    @abstractmethod
    async def give_back(self, pieces: Sequence[Piece]) -> None:
        """Release ``pieces``, whose ``do`` was cancelled by a shutdown, for the next worker."""


class Worker(Generic[Piece]):
    """One process's share of ``work``, which log lines call ``subject`` (such as "mails").

    ``concurrency``: pieces of work at once. ``poll_seconds``: between polls when nothing wakes
    the worker. ``stop_seconds``: what work in hand gets to end after a stop.
    """

    def __init__(
        self,
        work: Work[Piece],
        subject: str,
        *,
        concurrency: int,
        poll_seconds: float = 1.0,
        stop_seconds: float = 3.0,
    ) -> None:
        self._work, self._subject = work, subject
        self._concurrency, self._stop_seconds = concurrency, stop_seconds
        self._in_hand: dict[asyncio.Task[None], Piece] = {}
        self._loop = PollLoop(self._poll, poll_seconds, subject)

    @property
    def in_hand(self) -> list[Piece]:
        """The pieces that are being worked on."""
        return list(self._in_hand.values())

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested: begin nothing new."""
        return self._loop.stopping

    def wake(self) -> None:
        """Poll now: a hint says that there is work."""
        self._loop.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set. Then claim nothing more, wait ``stop_seconds`` for the
        work in hand, and give back what has not ended by then."""
        await self._loop.run_until(stop)
        if self._in_hand:
            await self._wind_down()

    async def _poll(self) -> None:
        await self._work.maintain()
        room = self._concurrency - len(self._in_hand)
        if room <= 0:
            return
        async for piece in self._work.claim(room):
            task = asyncio.create_task(self._work.do(piece))
            self._in_hand[task] = piece
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._in_hand.pop(task, None)
        self._loop.wake()  # there is room for more
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error(
                "Work on %s failed; it is retried when its lease expires",
                self._subject,
                exc_info=error,
            )

    async def _wind_down(self) -> None:
        _, late = await asyncio.wait(list(self._in_hand), timeout=self._stop_seconds)
        unfinished = [self._in_hand[task] for task in late]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if not unfinished:
            return
        try:
            await self._work.give_back(unfinished)
        except Exception:
            logger.exception("Could not give back %s; their leases expire", self._subject)
