"""One connection to the mail server, on a thread of its own.

Whatever the server does, the event loop waits for nothing but a future; a thread that cannot be
got out of a call is left behind, and does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import smtplib
import socket
import time
from queue import Empty, SimpleQueue
from threading import Thread

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notifications.mail.message import Outgoing, message_of
from notifications.mail.outcomes import Outcome, at_opening, at_sending, at_the_end, too_slow

logger = logging.getLogger(__name__)

MAILS_A_CONNECTION = 100
IDLE_SECONDS = 5.0  # then it is closed: servers close idle ones without a word
FRESH_SECONDS = 1.0  # used that long ago, it is asked whether it is still there
ATTEMPT_SECONDS = 60.0
_CLOSES = 421


class Connection:
    """The mail library's connection: opened when a mail comes, kept for up to
    ``MAILS_A_CONNECTION`` of them."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._sent = 0
        self._used_at = 0.0

    def send(self, outgoing: Outgoing) -> Outcome:
        """How the attempt ended; never raises."""
        try:
            backend = self._opened()
        except Exception as error:  # whatever it is, it is no fault of this mail
            self.drop()
            return at_opening(error)
        try:
            return self._sent_by(backend, outgoing)
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code != _CLOSES or self._sent == 0:
                return self._failed(error)
        except Exception as error:
            return self._failed(error)
        self.drop()  # it only has enough of this connection; nothing of the mail was said yet
        return self.send(outgoing)

    def _sent_by(self, backend: BaseEmailBackend, outgoing: Outgoing) -> Outcome:
        message = message_of(outgoing)
        backend.send_messages([message])
        self._sent, self._used_at = self._sent + 1, time.monotonic()
        return at_the_end(message)

    def _failed(self, error: Exception) -> Outcome:
        outcome = at_sending(error)
        if outcome.breaks:
            self.drop()
        return outcome

    def _opened(self) -> BaseEmailBackend:
        if self._backend is not None and not self._usable():
            self.close()
        if self._backend is None:
            self._backend, self._sent = get_connection(), 0
            self._backend.open()
            self._used_at = time.monotonic()
        return self._backend

    def _usable(self) -> bool:
        smtp = getattr(self._backend, "connection", None)
        if self._sent >= MAILS_A_CONNECTION:
            return False
        if not isinstance(smtp, smtplib.SMTP):
            return True
        if smtp.sock is None:  # closed by the library
            return False
        if time.monotonic() - self._used_at < FRESH_SECONDS:
            return True
        try:
            return smtp.noop()[0] == 250
        except OSError:
            return False

    def close(self) -> None:
        """Say goodbye, then drop."""
        with contextlib.suppress(Exception):
            if self._backend is not None:
                self._backend.close()
        self.drop()

    def drop(self) -> None:
        """Without a word; from another thread it ends a call that hangs."""
        backend, self._backend = self._backend, None
        for name in ("connection", "_partial_connection"):
            smtp = getattr(backend, name, None)
            if isinstance(smtp, smtplib.SMTP):
                with contextlib.suppress(Exception):
                    if smtp.sock is not None:
                        smtp.sock.shutdown(socket.SHUT_RDWR)
                with contextlib.suppress(OSError):
                    smtp.close()
                setattr(backend, name, None)


Job = tuple[Outgoing, asyncio.AbstractEventLoop, "asyncio.Future[Outcome]"]


class _Worker(Thread):
    """Sends what comes into its queue until None comes."""

    def __init__(self) -> None:
        super().__init__(name="mail", daemon=True)
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.connection = Connection()

    def run(self) -> None:
        while (job := self._next()) is not None:
            outgoing, loop, answer = job
            outcome = self.connection.send(outgoing)
            with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
                loop.call_soon_threadsafe(_answer, answer, outcome)
        self.connection.close()

    def _next(self) -> Job | None:
        with contextlib.suppress(Empty):
            return self.jobs.get(timeout=IDLE_SECONDS)
        self.connection.close()
        return self.jobs.get()


def _answer(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


class Line:
    """A connection as the event loop sees it: one mail at a time."""

    def __init__(self, attempt_seconds: float = ATTEMPT_SECONDS) -> None:
        self._seconds = attempt_seconds
        self._worker: _Worker | None = None

    async def send(self, outgoing: Outgoing) -> Outcome:
        """How the attempt ended; after ``attempt_seconds`` it has failed, whatever it does."""
        if self._worker is None:
            self._worker = _Worker()
            self._worker.start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        self._worker.jobs.put((outgoing, loop, answer))
        try:
            return await asyncio.wait_for(answer, self._seconds)
        except TimeoutError:
            self.leave()
            logger.warning("The mail server hangs; a connection is left behind")
            return too_slow()

    def leave(self) -> None:
        """Let go of the thread and its connection; a next mail gets others."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.jobs.put(None)
            worker.connection.drop()

    def close(self) -> None:
        """Let the thread say goodbye to the server and end, whenever it gets there."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.jobs.put(None)
