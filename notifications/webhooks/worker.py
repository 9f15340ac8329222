"""Sends deliveries, beside each gateway: plain asyncio over the queue of rows.

However slow or dead an address is, it holds up nobody else: each webhook has a few places of its
own, one only while it fails. Order is kept within a session as long as all goes well: one
delivery of a session is under way to a webhook at a time. One that is tried again comes after
those that were sent meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from uuid import UUID

from conversations.ledger.gateway_ports import Run
from core.background.poll_loop import Looks
from notifications.webhooks import queue
from notifications.webhooks.http_client import Poster
from notifications.webhooks.queue import Outcome, Outgoing

logger = logging.getLogger(__name__)

AT_ONCE = 200  # attempts of this process
AT_ONCE_A_WEBHOOK = 4
LOOK_SECONDS = 1.0
GOODBYE_SECONDS = 3.0


class Sender:
    """One process's share of the work. ``run`` is the thread that talks to the database."""

    def __init__(self, run: Run, poster: Poster) -> None:
        self._run, self._poster = run, poster
        self._under_way: dict[asyncio.Task[None], Outgoing] = {}
        self._failing: set[UUID] = set()
        self._looks = Looks(self._start_what_is_due, LOOK_SECONDS, "webhooks")

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``; then what is under way gets a moment to end. What does not is
        sent again by whoever comes next."""
        async with self._poster:
            await self._looks.until(stop)
            await self._say_goodbye()

    async def _start_what_is_due(self) -> None:
        room = AT_ONCE - len(self._under_way)
        full = [webhook for webhook in self._webhooks() if self._places(webhook) <= 0]
        if room <= 0:
            return
        for webhook in await self._run(partial(queue.webhooks_with_work, room, full)):
            for outgoing in await self._claim(webhook):
                task = asyncio.create_task(self._deliver(outgoing))
                self._under_way[task] = outgoing
                task.add_done_callback(self._ended)

    async def _claim(self, webhook: UUID) -> list[Outgoing]:
        places = min(self._places(webhook), AT_ONCE - len(self._under_way))
        busy = [one.session for one in self._under_way.values() if one.webhook == webhook]
        sessions = [session for session in busy if session is not None]
        if places <= 0:
            return []
        return await self._run(partial(queue.claim, webhook, places, sessions))

    def _webhooks(self) -> set[UUID]:
        return {one.webhook for one in self._under_way.values()}

    def _places(self, webhook: UUID) -> int:
        """How many more attempts may go to ``webhook`` now."""
        under_way = sum(one.webhook == webhook for one in self._under_way.values())
        return (1 if webhook in self._failing else AT_ONCE_A_WEBHOOK) - under_way

    async def _deliver(self, outgoing: Outgoing) -> None:
        outcome = await self._poster.post(outgoing)
        if outcome.taken:
            self._failing.discard(outgoing.webhook)
        else:
            self._failing.add(outgoing.webhook)
        logger.info("Webhook tried", extra=_facts(outgoing, outcome))
        await self._run(partial(queue.settle, outgoing, outcome))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._looks.soon()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A webhook's outcome is not written; it is sent again", exc_info=error)

    async def _say_goodbye(self) -> None:
        if self._under_way:
            _, late = await asyncio.wait(list(self._under_way), timeout=GOODBYE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _facts(outgoing: Outgoing, outcome: Outcome) -> dict[str, object]:
    """No address, for one may hold a key, and nothing of the body."""
    return {
        "webhook": str(outgoing.webhook),
        "delivery": str(outgoing.delivery),
        "kind": outgoing.kind,
        "attempt": outgoing.attempt,
        "status_code": outcome.status_code,
        "ms": outcome.duration_ms,
    }
