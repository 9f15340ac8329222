"""Sends the mails of the outbox, beside the site and each gateway.

The event loop only decides; the mail library works in threads of its own
(``smtp_connection.py``). The result of each mail is written before the next one goes over the same
connection, so a process that is killed leaves at most one mail per connection in doubt.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.background.worker import Work, Worker
from core.data.db_threads import Run
from core.data.errors import DatabaseUnavailable
from notifications.mail import queue
from notifications.mail.circuit_breaker import Circuit
from notifications.mail.message import ClaimedMail
from notifications.mail.outcomes import SendResult
from notifications.mail.retry import SendOutcome
from notifications.mail.smtp_connection import SmtpWorker

logger = logging.getLogger(__name__)

CONNECTIONS = 4  # to the mail server
BATCH = 20  # mails that a connection claims at once
POLL_SECONDS = 1.0
STOP_SECONDS = 3.0
_RETRY_SECONDS = 1.0  # until a result that could not be written is written again


@dataclass(frozen=True, eq=False)
class Batch:
    """Mails to send over one connection, one after another; ``waiting``: not yet attempted."""

    line: SmtpWorker
    waiting: deque[ClaimedMail]


class MailSender(Work[Batch]):
    """One process's share of the mails. ``run`` runs a transaction in a thread."""

    def __init__(
        self,
        run: Run,
        line: Callable[[], SmtpWorker] = SmtpWorker,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._run = run
        self._lines = [line() for _ in range(CONNECTIONS)]
        self._circuit = Circuit()
        self._trouble_noted = True  # perhaps, by a process before this one
        self._worker = Worker(
            self,
            "mails",
            concurrency=CONNECTIONS,
            poll_seconds=POLL_SECONDS,
            stop_seconds=stop_seconds,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``. A mail that is cut off then is sent again by the next sender."""
        await self._worker.run(stop)
        for line in self._lines:
            line.close()

    async def claim(self, room: int) -> AsyncIterator[Batch]:
        busy = [batch.line for batch in self._worker.in_hand]
        free = [line for line in self._lines if line not in busy]
        for line in free[: self._circuit.places(time.monotonic(), room, len(busy))]:
            mails = await self._run(partial(queue.claim, BATCH if self._circuit.whole else 1))
            if not mails:
                return
            yield Batch(line, deque(mails))

    async def do(self, piece: Batch) -> None:
        """Send the mails of a batch; those that are not attempted are given back."""
        attempted = 0
        while piece.waiting:
            late = time.monotonic() >= piece.waiting[0].usable_until
            if self._worker.stopping or late or (attempted and not self._circuit.whole):
                await self._write(partial(queue.give_back, list(piece.waiting)))
                return
            mail, attempted = piece.waiting.popleft(), attempted + 1
            try:
                result = await piece.line.send(mail)
            except asyncio.CancelledError:
                piece.line.leave()
                raise
            _log(mail, result)
            await self._write(partial(queue.finish, mail, result))
            await self._judge(result)

    async def give_back(self, pieces: Sequence[Batch]) -> None:
        """Give back what was not attempted. Whether a mail that was cut off has been sent is
        unknown, so it keeps its lease."""
        mails = [mail for batch in pieces for mail in batch.waiting]
        await self._run(partial(queue.give_back, mails))

    async def _write(self, function: Callable[[], Any]) -> None:
        """Repeat ``function`` until it is written: without its result, a mail is sent twice."""
        while True:
            try:
                await self._run(function)
                return
            except DatabaseUnavailable:
                if self._worker.stopping:
                    raise
                logger.warning("The database is unavailable; the result of a mail waits")
                await asyncio.sleep(_RETRY_SECONDS)

    async def _judge(self, result: SendResult) -> None:
        now = time.monotonic()
        if result.breaks:
            self._circuit.broke(now)
            self._trouble_noted = True
            await self._write(partial(queue.note_trouble, result.error))
        elif result.outcome is SendOutcome.LATER:
            self._circuit.put_off(now)
        else:
            self._circuit.answered()
            if self._trouble_noted:
                self._trouble_noted = False
                await self._write(queue.forget_trouble)


def _log(mail: ClaimedMail, result: SendResult) -> None:
    """Log an attempt, without addresses and texts."""
    logger.log(
        logging.WARNING if result.breaks else logging.INFO,
        "Mail attempted",
        extra={
            "mail": str(mail.mail),
            "attempt": mail.attempts + 1,
            "outcome": result.outcome.value,
            "code": result.code,
        },
    )
