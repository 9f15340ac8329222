"""A local mail server whose replies depend on the recipient, and the mail worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from pytest_django import Settings

from notifications.mail.smtp_connection import SmtpWorker
from notifications.mail.worker import MailSender
from notifications.models import Mail
from tests.integration.notifications.webhooks.working import run, until

__all__ = ["PostOffice", "at_work", "open_office", "run", "until"]

ANSWERS = {
    "busy": "450 4.2.1 Mailbox is busy",
    "gone": "550 5.1.1 No such user",
    "plain-gone": "550 Unknown user",
    "policy": "550 5.7.1 Not allowed",
    "full": "552 5.2.2 Mailbox is full",
}


class PostOffice:
    """Records the mails that it accepts, up to ``closes_after`` on a connection."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.connections = 0
        self.closes_after = 1000
        self.refuses_everything = ""
        self.let_go = threading.Event()
        self._taken: dict[int, int] = {}

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, name: str, answers: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = name
        return answers

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, *rest: Any) -> str:
        if self.refuses_everything:
            return self.refuses_everything
        if self._taken.get(id(session), 0) >= self.closes_after:
            return "421 4.7.0 Too many mails on this connection"
        envelope.mail_from = rest[0]
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, *rest: Any) -> str:
        name = str(rest[0]).split("@")[0]
        envelope.rcpt_tos.append(rest[0])
        return ANSWERS.get(name, "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        name = str(envelope.rcpt_tos[0]).split("@")[0]
        if name == "spam":
            return "554 5.7.1 Looks like spam"
        if name == "hang":
            while not self.let_go.is_set():  # noqa: ASYNC110  it is set in another thread
                await asyncio.sleep(0.01)
        if name == "close":
            server.transport.abort()
            return "250 OK"
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        self._taken[id(session)] = self._taken.get(id(session), 0) + 1
        return "250 OK"


@contextmanager
def open_office(settings: Settings, port: int) -> Iterator[PostOffice]:
    """Run a mail server on ``port`` within the block, with the settings pointing to it."""
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=port)
    name_server(settings, port)
    controller.start()
    try:
        yield office
    finally:
        office.let_go.set()
        controller.stop()


def name_server(settings: Settings, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""


@asynccontextmanager
async def at_work(attempt_seconds: float = 30.0) -> AsyncIterator[MailSender]:
    """Run a mail worker within the block."""
    stop = asyncio.Event()
    sender = MailSender(run, lambda: SmtpWorker(attempt_seconds), stop_seconds=0.3)
    task = asyncio.create_task(sender.run(stop))
    try:
        yield sender
    finally:
        stop.set()
        await task


async def state_of(mail: Mail, *columns: str) -> list[Any]:
    """Return the current values of these columns."""
    row = await run(lambda: Mail.objects.get(pk=mail.pk))
    return [getattr(row, column) for column in columns]
