"""The notifier: runs beside the gateway and the web, and turns what happened into news.

Every duty is a few short transactions over rows; several notifiers may run at once, each leaves
to the others what they hold.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from core.background.poll_loop import Looks
from core.data.errors import StoreUnavailable
from notifications.incidents.outages import look
from notifications.incidents.timers import open_for_lost, tell_due
from notifications.incidents.unseen_phones import warn_of_unseen
from notifications.notices.digest import send_digests
from notifications.notices.dispatch import accounts_told, gather
from notifications.notices.plan_notices import tell_trials
from sessions_app.hints import hint_notices

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
Run = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Duty:
    """``work`` is one transaction, given the time; what it could not take in at once it says by a
    number other than 0, and is called again. ``every``: seconds from one end to the next start."""

    work: Callable[[datetime], int]
    every: float = 0.0


DUTIES = (
    Duty(open_for_lost, every=5),
    Duty(look, every=5),  # before what an outage holds back is told
    Duty(tell_due),
    Duty(warn_of_unseen, every=600),
    Duty(tell_trials, every=600),
    Duty(gather),
    Duty(send_digests, every=60),
)


class Notifier:
    """Goes through its duties every ``LOOK_SECONDS``; ``run`` runs a transaction."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._next = dict.fromkeys(DUTIES, 0.0)  # by the monotonic clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``."""
        await Looks(partial(self._round, stop), LOOK_SECONDS, "news").until(stop)

    async def _round(self, stop: asyncio.Event) -> None:
        for duty in DUTIES:
            if time.monotonic() >= self._next[duty]:
                await self._do(duty, stop)
                self._next[duty] = time.monotonic() + duty.every

    async def _do(self, duty: Duty, stop: asyncio.Event) -> None:
        """One duty; a fault is logged, holds up no other, and its next turn comes."""
        try:
            while not stop.is_set() and await self._run(lambda: duty.work(timezone.now())):
                for account_id in accounts_told():
                    await hint_notices(account_id)
        except StoreUnavailable:
            logger.warning("The database does not answer; news wait")
        except Exception:
            logger.exception("News could not be told", extra={"duty": duty.work.__name__})
