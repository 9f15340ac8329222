"""The composition root: where the gateway's ports meet what implements them."""

from __future__ import annotations

import os
import secrets
import socket

from conversations.delivery import DatabaseMessageSink, DatabaseOutgoingQueue
from sessions_app.gateway.supervisor import Gateway
from sessions_app.gateway_settings import gateway_settings
from sessions_app.store import ChannelHints, DatabaseSessionStore, Transactions


def build_gateway() -> Gateway:
    """A gateway on this process's database and channel layer, with a name of its own."""
    host, pid = socket.gethostname(), os.getpid()
    transactions = Transactions()
    owner = f"{host[:80]}:{pid}:{secrets.token_hex(4)}"
    return Gateway(
        gateway_settings(),
        store=DatabaseSessionStore(owner, host, pid, transactions),
        hints=ChannelHints(),
        sink=DatabaseMessageSink(transactions.run),
        outgoing=DatabaseOutgoingQueue(transactions.run),
    )
