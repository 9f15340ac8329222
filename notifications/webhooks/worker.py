"""Sends webhook deliveries, beside each gateway.

A slow or dead address does not delay the others: webhooks, accounts and hosts have a few slots
each, and slow webhooks share a lane of their own (``sending/lanes.py``). Accounts take turns.
Within a session order is kept as long as all goes well: a webhook gets one delivery of a session at
a time. A delivery that is retried comes after those that were sent meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from functools import partial
from uuid import UUID

from core.background.fairness import LeastRecentlyServed
from core.background.worker import Work, Worker
from core.data.db_threads import Run
from notifications.webhooks import queue
from notifications.webhooks.http_client import Poster
from notifications.webhooks.queue import ClaimedDelivery, DeliveryResult, DueWebhook
from notifications.webhooks.sending.lanes import AT_ONCE, Experience, Slots

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
STOP_SECONDS = 3.0


class WebhookSender(Work[ClaimedDelivery]):
    """One process's share of the deliveries. ``run`` runs a transaction in a thread."""

    def __init__(self, run: Run, poster: Poster) -> None:
        self._run, self._poster = run, poster
        self._experience = Experience()
        self._turns = LeastRecentlyServed()
        self._after: UUID | None = None  # the last webhook that was looked at, if there were more
        self._dead_have_work = True  # perhaps, from a process before this one
        self._worker = Worker(
            self,
            "webhooks",
            concurrency=AT_ONCE,
            poll_seconds=POLL_SECONDS,
            stop_seconds=STOP_SECONDS,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``. An attempt that is cut off then is repeated by the next sender."""
        async with self._poster:
            await self._worker.run(stop)

    async def maintain(self) -> None:
        """End some of what waits for dead webhooks."""
        if self._dead_have_work:
            self._dead_have_work = await self._run(queue.end_of_dead)

    async def claim(self, room: int) -> AsyncIterator[ClaimedDelivery]:
        slots = Slots(self._experience, self._worker.in_hand)
        for one in await self._next_webhooks(slots):
            places = min(slots.free(one.webhook, one.account), room)
            if places <= 0:
                continue
            self._turns.serve(one.account)
            for claimed in await self._claim_of(one.webhook, places):
                slots.take(claimed)
                yield claimed
                room -= 1

    async def _next_webhooks(self, slots: Slots) -> list[DueWebhook]:
        """Return webhooks with due deliveries, those of the least recently served accounts first.
        If there are many, each call looks at the next ones."""
        due = await self._run(partial(queue.webhooks_with_work, slots.full(), self._after))
        more = len(due) == queue.MOST_WEBHOOKS
        if self._after is not None and not more:
            self._worker.wake()  # to begin with the first again
        self._after = due[-1].webhook if more else None
        return self._turns.order(due, lambda one: one.account)

    async def _claim_of(self, webhook: UUID, places: int) -> list[ClaimedDelivery]:
        busy = [one.session for one in self._worker.in_hand if one.webhook == webhook]
        sessions = [session for session in busy if session is not None]
        return await self._run(partial(queue.claim, webhook, places, sessions))

    async def do(self, piece: ClaimedDelivery) -> None:
        result = await self._poster.post(piece)
        self._experience.note(piece, accepted=result.accepted, duration_ms=result.duration_ms)
        logger.info("Webhook delivery attempted", extra=_facts(piece, result))
        if await self._run(partial(queue.finish, piece, result)):
            self._dead_have_work = True

    async def give_back(self, pieces: Sequence[ClaimedDelivery]) -> None:
        await self._run(partial(queue.give_back, pieces))


def _facts(sent: ClaimedDelivery, result: DeliveryResult) -> dict[str, object]:
    """Return what the log may show: no address, which may hold a key, and nothing of the body."""
    return {
        "webhook": str(sent.webhook),
        "delivery": str(sent.delivery),
        "kind": sent.kind,
        "attempt": sent.attempt,
        "status_code": result.status_code,
        "ms": result.duration_ms,
    }
