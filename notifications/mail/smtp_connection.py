"""A connection to the mail server, on a dedicated thread.

The event loop only awaits a future, so a server that hangs cannot block it. A thread that is stuck
in a call is abandoned; as a daemon, it does not keep the process from exiting.
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

from notifications.mail.message import ClaimedMail, message_of
from notifications.mail.outcomes import SendResult, accepted, connect_failed, send_failed, timed_out

logger = logging.getLogger(__name__)

MAILS_A_CONNECTION = 100
IDLE_SECONDS = 5.0  # then it is closed, before the server does so silently
FRESH_SECONDS = 1.0  # used longer ago, it is checked before the next mail
ATTEMPT_SECONDS = 60.0
_CLOSES = 421


class SmtpConnection:
    """The connection of the mail library, opened on demand.

    It is used for up to ``MAILS_A_CONNECTION`` mails.
    """

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._sent = 0
        self._used_at = 0.0

    def send(self, outgoing: ClaimedMail) -> SendResult:
        """Send a mail and return the result; never raises."""
        try:
            backend = self._opened()
        except Exception as error:  # any failure here is unrelated to this mail
            self.drop()
            return connect_failed(error)
        try:
            return self._sent_by(backend, outgoing)
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code != _CLOSES or self._sent == 0:
                return self._failed(error)
        except Exception as error:
            return self._failed(error)
        self.drop()  # the server closes this connection; the mail itself was not refused
        return self.send(outgoing)

    def _sent_by(self, backend: BaseEmailBackend, outgoing: ClaimedMail) -> SendResult:
        message = message_of(outgoing)
        backend.send_messages([message])
        self._sent, self._used_at = self._sent + 1, time.monotonic()
        return accepted(message)

    def _failed(self, error: Exception) -> SendResult:
        outcome = send_failed(error)
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
        """Close the connection as SMTP requires."""
        with contextlib.suppress(Exception):
            if self._backend is not None:
                self._backend.close()
        self.drop()

    def drop(self) -> None:
        """Close the socket at once. From another thread, this ends a call that hangs."""
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


Job = tuple[ClaimedMail, asyncio.AbstractEventLoop, "asyncio.Future[SendResult]"]


class _SmtpThread(Thread):
    """Sends the mails of its queue, until it gets None."""

    def __init__(self) -> None:
        super().__init__(name="mail", daemon=True)
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.connection = SmtpConnection()

    def run(self) -> None:
        while (job := self._next()) is not None:
            outgoing, loop, answer = job
            result = self.connection.send(outgoing)
            with contextlib.suppress(RuntimeError):  # the event loop has been closed
                loop.call_soon_threadsafe(_resolve, answer, result)
        self.connection.close()

    def _next(self) -> Job | None:
        with contextlib.suppress(Empty):
            return self.jobs.get(timeout=IDLE_SECONDS)
        self.connection.close()
        return self.jobs.get()


def _resolve(future: asyncio.Future[SendResult], result: SendResult) -> None:
    if not future.done():
        future.set_result(result)


class SmtpWorker:
    """A connection for use on the event loop, for one mail at a time."""

    def __init__(self, attempt_seconds: float = ATTEMPT_SECONDS) -> None:
        self._seconds = attempt_seconds
        self._worker: _SmtpThread | None = None

    async def send(self, outgoing: ClaimedMail) -> SendResult:
        """Send a mail and return the result. It fails after ``attempt_seconds`` at the latest."""
        if self._worker is None:
            self._worker = _SmtpThread()
            self._worker.start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[SendResult] = loop.create_future()
        self._worker.jobs.put((outgoing, loop, answer))
        try:
            return await asyncio.wait_for(answer, self._seconds)
        except TimeoutError:
            self.leave()
            logger.warning("The mail server hangs; its connection is abandoned")
            return timed_out()

    def leave(self) -> None:
        """Abandon the thread and its connection; the next mail gets new ones."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.jobs.put(None)
            worker.connection.drop()

    def close(self) -> None:
        """Let the thread close its connection and end, without waiting for it."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.jobs.put(None)
