"""The composition root: where the gateway's ports meet what implements them."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

from django.conf import settings

from conversations.delivery import DatabaseMessageSink, DatabaseOutgoingQueue
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.gateway.supervisor import Gateway
from sessions_app.store import ChannelHints, DatabaseSessionStore, Transactions


def gateway_settings() -> GatewaySettings:
    """What the installation tells the gateway."""
    simulator = settings.WHATSAPP_SIMULATOR
    return GatewaySettings(
        data_dir=settings.DATA_DIR,
        auth_store=settings.WHATSAPP_AUTH_STORE,
        log_level=settings.WHATSAPP_LOG_LEVEL,
        simulator=Path(simulator) if simulator else None,
        engine_capacity=settings.GATEWAY_ENGINE_CAPACITY,
        engine_max_starts=settings.GATEWAY_ENGINE_MAX_STARTS,
        engine_max_rss_mb=settings.GATEWAY_ENGINE_MAX_RSS_MB,
        parallel_starts=settings.GATEWAY_PARALLEL_STARTS,
        health_seconds=settings.GATEWAY_HEALTH_SECONDS,
        stuck_seconds=settings.GATEWAY_STUCK_SECONDS,
    )


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
