"""The composition root: where the ports of what runs in the background meet what implements
them."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping
from typing import Protocol

from conversations.ledger.gateway_ports import DatabaseMessageSink, DatabaseOutgoingQueue
from core.background.own_thread import aside
from core.data.db_threads import Transactions
from core.logs.redaction import redact
from notifications.mail.worker import MailSender
from notifications.webhooks.http_client import Poster
from notifications.webhooks.worker import Sender
from notifications.worker import Notifier
from operations.support_bundles.worker import BundleBuilder
from sessions_app.gateway.supervisor import Gateway
from sessions_app.scheduler.worker import JobRunner
from sessions_app.store.channel_hints import ChannelHints
from sessions_app.store.gateway_settings import gateway_settings
from sessions_app.store.session_store import DatabaseSessionStore


class Background(Protocol):
    """What runs beside the web until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None: ...


def build_background(*, gateway: bool) -> Mapping[str, Background]:
    """All that runs in the background, by its name in the log; one thread for SQLite writes them
    all. Without ``gateway``: what runs beside a site alone, so that mails go out all the same."""
    transactions = Transactions()
    everywhere: dict[str, Background] = {
        "notifier": Notifier(transactions.run),
        "mail sender": MailSender(transactions.run),
    }
    if not gateway:
        return everywhere
    return {
        **everywhere,
        "gateway": build_gateway(transactions),
        "webhook sender": Sender(transactions.run, Poster()),
        "scheduled jobs": JobRunner(transactions.run, redact),
        "bundle builder": BundleBuilder(transactions.run, aside),
    }


def build_gateway(transactions: Transactions) -> Gateway:
    """A gateway on this process's database and channel layer, with a name of its own."""
    host, pid = socket.gethostname(), os.getpid()
    owner = f"{host[:80]}:{pid}:{secrets.token_hex(4)}"
    return Gateway(
        gateway_settings(),
        store=DatabaseSessionStore(owner, host, pid, transactions),
        hints=ChannelHints(),
        sink=DatabaseMessageSink(transactions.run),
        outgoing=DatabaseOutgoingQueue(transactions.run),
    )
