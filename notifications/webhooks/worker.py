"""Sends webhook deliveries, beside each gateway.

A slow or dead address does not delay the others: each webhook has a few places of its own, and
only one while it fails. Within a session order is kept as long as all goes well: a webhook gets
one delivery of a session at a time. A delivery that is retried comes after those that were sent
meanwhile. Accounts take turns when there is not room for all.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial
from uuid import UUID

from core.background.fairness import LeastRecentlyServed
from core.background.worker import Work, Worker
from core.data.bounded_map import BoundedMap
from core.data.db_threads import Run
from notifications.webhooks import queue
from notifications.webhooks.http_client import Poster
from notifications.webhooks.queue import ClaimedDelivery, DeliveryResult

logger = logging.getLogger(__name__)

AT_ONCE = 200  # attempts of this process
AT_ONCE_A_WEBHOOK = 4
FAILING_REMEMBERED = 10_000  # webhooks; a forgotten one only gets its places back
POLL_SECONDS = 1.0
STOP_SECONDS = 3.0


class WebhookSender(Work[ClaimedDelivery]):
    """One process's share of the deliveries. ``run`` runs a transaction in a thread."""

    def __init__(self, run: Run, poster: Poster) -> None:
        self._run, self._poster = run, poster
        self._failing: BoundedMap[UUID, bool] = BoundedMap(FAILING_REMEMBERED)
        self._turns = LeastRecentlyServed()
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

    async def claim(self, room: int) -> AsyncIterator[ClaimedDelivery]:
        in_hand = Counter(one.webhook for one in self._worker.in_hand)
        full = [webhook for webhook, count in in_hand.items() if count >= self._places(webhook)]
        due = await self._run(partial(queue.webhooks_with_work, full))
        for one in self._turns.order(due, lambda one: one.account):
            places = min(self._places(one.webhook) - in_hand[one.webhook], room)
            if places <= 0:
                continue
            self._turns.serve(one.account)
            for claimed in await self._claim_of(one.webhook, places):
                yield claimed
                room -= 1

    async def _claim_of(self, webhook: UUID, places: int) -> list[ClaimedDelivery]:
        busy = [one.session for one in self._worker.in_hand if one.webhook == webhook]
        sessions = [session for session in busy if session is not None]
        return await self._run(partial(queue.claim, webhook, places, sessions))

    def _places(self, webhook: UUID) -> int:
        """Return how many attempts at once may go to ``webhook``."""
        return 1 if webhook in self._failing else AT_ONCE_A_WEBHOOK

    async def do(self, piece: ClaimedDelivery) -> None:
        result = await self._poster.post(piece)
        if result.accepted:
            self._failing.discard(piece.webhook)
        else:
            self._failing.put(piece.webhook, True)
        logger.info("Webhook delivery attempted", extra=_facts(piece, result))
        await self._run(partial(queue.finish, piece, result))

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
