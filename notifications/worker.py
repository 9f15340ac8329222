"""The notifier, which runs in the site and in each gateway: it detects and sends notices.

Each duty consists of a few short transactions. Several notifiers may run at once: each skips the
rows that another one has locked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from core.background.poll_loop import PollLoop
from core.data.db_threads import Run
from core.data.errors import DatabaseUnavailable
from notifications.incidents.outages import update_outages
from notifications.incidents.timers import notify_due, open_overdue
from notifications.incidents.unseen_phones import warn_offline_phones
from notifications.notices.digest import send_digests
from notifications.notices.dispatch import gather
from notifications.notices.plan_notices import notify_trials
from sessions_app.hints import hint_notices

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Duty:
    """One kind of work, repeated ``every`` seconds after it ended.

    ``work`` is one transaction. It gets the current time, and is called again while it returns
    something true. ``then`` gets that result after the commit.
    """

    work: Callable[[datetime], Any]
    every: float = 0.0
    then: Callable[[Any], Awaitable[None]] | None = None


async def _hint_pages(account_ids: Iterable[UUID]) -> None:
    for account_id in account_ids:
        await hint_notices(account_id)


DUTIES = (
    Duty(open_overdue, every=5),
    Duty(update_outages, every=5),  # before notify_due, since an outage holds notices back
    Duty(notify_due),
    Duty(warn_offline_phones, every=600),
    Duty(notify_trials, every=600),
    Duty(gather, then=_hint_pages),
    Duty(send_digests, every=60),
)


class Notifier:
    """Runs its duties every ``POLL_SECONDS``; ``run`` runs a transaction in a thread."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._next = dict.fromkeys(DUTIES, 0.0)  # by the monotonic clock

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set."""
        await PollLoop(partial(self._poll, stop), POLL_SECONDS, "notices").run_until(stop)

    async def _poll(self, stop: asyncio.Event) -> None:
        for duty in DUTIES:
            if time.monotonic() >= self._next[duty]:
                await self._do(duty, stop)
                self._next[duty] = time.monotonic() + duty.every

    async def _do(self, duty: Duty, stop: asyncio.Event) -> None:
        """Run one duty. A failure is logged, and the duty is tried again at its next time."""
        try:
            while not stop.is_set():
                done = await self._run(partial(duty.work, timezone.now()))
                if not done:
                    return
                if duty.then is not None:
                    await duty.then(done)
        except DatabaseUnavailable:
            logger.warning("The database is unavailable; notices wait")
        except Exception:
            logger.exception("A duty of the notifier failed", extra={"duty": duty.work.__name__})
