"""The composition root: connects the background work to the implementations of its ports."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import Protocol

from conversations.ledger.gateway_ports import DatabaseMessageSink, DatabaseOutgoingQueue
from core.background.own_thread import run_in_own_thread
from core.data.db_threads import Transactions
from core.logs.redaction import redact
from locations.exports.worker import ExportWriter
from notifications.mail.worker import MailSender
from notifications.webhooks.http_client import Poster
from notifications.webhooks.worker import WebhookSender
from notifications.worker import Notifier
from operations.support_bundles.worker import BundleBuilder
from sessions_app.gateway.supervisor import Gateway
from sessions_app.scheduler.worker import JobRunner
from sessions_app.store.channel_hints import ChannelHints
from sessions_app.store.gateway_owner import new_owner, process_space
from sessions_app.store.gateway_settings import gateway_settings
from sessions_app.store.route_check import ProxyRoutes
from sessions_app.store.session_store import DatabaseSessionStore


class Background(Protocol):
    """Background work beside the web server."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set."""


def build_background(*, gateway: bool) -> Mapping[str, Background]:
    """Return the background work by its name in the log.

    Without ``gateway`` only what runs beside every web server, so that mails are sent all the
    same. The gateway and the workers have database threads of their own, so that neither waits
    for transactions of the other.
    """
    workers = Transactions("workers")
    everywhere: dict[str, Background] = {
        "notifier": Notifier(workers.run),
        "mail sender": MailSender(workers.run),
    }
    if not gateway:
        return everywhere
    return {
        **everywhere,
        "gateway": build_gateway(Transactions("gateway")),
        "webhook sender": WebhookSender(workers.run, Poster()),
        "scheduled jobs": JobRunner(workers.run, redact),
        "bundle builder": BundleBuilder(workers.run, run_in_own_thread),
        "export writer": ExportWriter(workers.run, run_in_own_thread),
    }


def build_gateway(transactions: Transactions) -> Gateway:
    """Return a gateway on this process's database and channel layer, with a unique owner name."""
    host, pid = socket.gethostname(), os.getpid()
    owner = new_owner(process_space(), host)
    return Gateway(
        gateway_settings(),
        store=DatabaseSessionStore(owner, host, pid, transactions),
        hints=ChannelHints(),
        sink=DatabaseMessageSink(transactions.run),
        outgoing=DatabaseOutgoingQueue(transactions.run),
        routes=ProxyRoutes(),
    )
