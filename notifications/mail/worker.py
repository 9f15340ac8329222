"""Sends the outbox's mails, beside the site and each gateway.

The event loop only decides; the mail library works on threads of its own (``mail_connection.py``).
Each mail's outcome is written before the next one goes over the same connection: a process that
is killed leaves at most one mail of each connection of which nobody knows whether it arrived.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from conversations.ledger.gateway_ports import Run
from core.background.poll_loop import Looks
from core.data.errors import StoreUnavailable
from notifications.mail import queue
from notifications.mail.circuit_breaker import Circuit
from notifications.mail.message import ClaimedMail
from notifications.mail.outcomes import SendResult
from notifications.mail.retry import Fate
from notifications.mail.smtp_connection import SmtpWorker

logger = logging.getLogger(__name__)

LINES = 4  # connections to the mail server
BATCH = 20  # mails that a connection claims at once
LOOK_SECONDS = 1.0
GOODBYE_SECONDS = 3.0
_AGAIN_SECONDS = 1.0  # until an outcome that could not be written is written again


class MailSender:
    """One process's share of the work. ``run`` is the thread that talks to the database."""

    def __init__(
        self,
        run: Run,
        line: Callable[[], SmtpWorker] = SmtpWorker,
        goodbye_seconds: float = GOODBYE_SECONDS,
    ) -> None:
        self._run, self._goodbye_seconds = run, goodbye_seconds
        self._lines = [line() for _ in range(LINES)]
        self._busy: dict[asyncio.Task[None], SmtpWorker] = {}
        self._circuit = Circuit()
        self._trouble_noted = True  # by a process before this one, for all that is known
        self._looks = Looks(self._start_what_is_due, LOOK_SECONDS, "mails")

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``; then what is under way gets a moment to end. What does not is
        sent again by whoever comes next."""
        await self._looks.until(stop)
        await self._say_goodbye()

    async def _start_what_is_due(self) -> None:
        free = [line for line in self._lines if line not in self._busy.values()]
        places = self._circuit.places(time.monotonic(), len(free), len(self._busy))
        for line in free[:places]:
            room = BATCH if self._circuit.whole else 1
            batch = await self._run(partial(queue.claim, room))
            if not batch:
                return
            task = asyncio.create_task(self._work(line, batch))
            self._busy[task] = line
            task.add_done_callback(self._ended)

    async def _work(self, line: SmtpWorker, batch: Sequence[ClaimedMail]) -> None:
        """Send ``batch`` over ``line``, one after another; what is not tried is given back."""
        for place, outgoing in enumerate(batch):
            late = time.monotonic() >= outgoing.usable_until
            if self._looks.stopping or late or (place > 0 and not self._circuit.whole):
                await self._write(partial(queue.give_back, batch[place:]))
                return
            try:
                outcome = await line.send(outgoing)
            except asyncio.CancelledError:  # of this one nobody knows; the others are free
                await self._write(partial(queue.give_back, batch[place + 1 :]))
                raise
            self._log(outgoing, outcome)
            await self._write(partial(queue.settle, outgoing, outcome))
            await self._judge(outcome)

    async def _write(self, function: Callable[[], Any]) -> None:
        """Until it is written: a mail whose outcome is not is sent a second time."""
        while True:
            try:
                await self._run(function)
                return
            except StoreUnavailable:
                if self._looks.stopping:
                    raise
                logger.warning("The database does not answer; a mail's outcome waits")
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _judge(self, outcome: SendResult) -> None:
        now = time.monotonic()
        if outcome.breaks:
            self._circuit.broke(now)
            self._trouble_noted = True
            await self._write(partial(queue.note_trouble, outcome.error))
        elif outcome.fate is Fate.LATER:
            self._circuit.put_off(now)
        else:
            self._circuit.answered()
            if self._trouble_noted:
                self._trouble_noted = False
                await self._write(queue.forget_trouble)

    def _log(self, outgoing: ClaimedMail, outcome: SendResult) -> None:
        """No address and no text, of neither side."""
        level = logging.WARNING if outcome.breaks else logging.INFO
        logger.log(
            level,
            "Mail tried",
            extra={
                "mail": str(outgoing.mail),
                "attempt": outgoing.attempts + 1,
                "fate": outcome.fate.value,
                "code": outcome.code,
            },
        )

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._busy.pop(task, None)
        self._looks.soon()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A mail's outcome is not written; it is sent again", exc_info=error)

    async def _say_goodbye(self) -> None:
        if self._busy:
            _, late = await asyncio.wait(list(self._busy), timeout=self._goodbye_seconds)
            for task in late:
                line = self._busy[task]
                task.cancel()  # first: that we break off is no fault of the server
                line.leave()
            await asyncio.gather(*late, return_exceptions=True)
        for line in self._lines:
            line.close()
