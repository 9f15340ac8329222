"""Incoming messages and receipts, with defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sessions_app.gateway.ports import IncomingMessage, Receipt

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def make_incoming(**fields: Any) -> IncomingMessage:
    defaults: dict[str, Any] = {
        "whatsapp_id": "3A0001",
        "peer": "+351911111111",
        "peer_name": "Dora",
        "text": "Are you open today?",
        "media": None,
        "from_me": False,
        "sent_at": NOON,
    }
    return IncomingMessage(**{**defaults, **fields})


def make_receipt(*whatsapp_ids: str, **fields: Any) -> Receipt:
    defaults: dict[str, Any] = {"peer": "+351911111111", "status": "delivered", "at": NOON}
    return Receipt(whatsapp_ids=whatsapp_ids, **{**defaults, **fields})
