"""Sessions and situations for the tests of decisions."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sessions_app.gateway.decisions.attempt import AttemptState, Situation
from sessions_app.gateway.ports import SessionState
from sessions_app.lifecycle import Reason, Status, Wanted

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CLOCK = 5_000.0
JID = "351911111111:1@s.whatsapp.net"


def make_state(**fields: Any) -> SessionState:
    """Return a ready session of alice's, with ``fields`` changed."""
    defaults: dict[str, Any] = {
        "id": uuid.UUID(int=1),
        "account_id": uuid.UUID(int=2),
        "location_id": uuid.UUID(int=3),
        "wanted": Wanted.LINKED,
        "wanted_attempt": 1,
        "wanted_at": NOW,
        "wanted_by": "alice@example.com",
        "wanted_pairing_phone": "",
        "attempt": 1,
        "status": Status.READY,
        "reason": Reason.OK,
        "since": NOW,
        "version": 5,
        "jid": JID,
        "lease_epoch": 1,
        "next_retry_at": None,
    }
    return SessionState(**{**defaults, **fields})


def make_situation(session: SessionState | None = None, **fields: Any) -> Situation:
    """Return the situation of ``session`` (by default a ready one) without a client."""
    defaults: dict[str, Any] = {
        "attempt": AttemptState(),
        "client": None,
        "deadline_set": False,
        "stuck_seconds": 30.0,
        "now": NOW,
        "clock": CLOCK,
        "jitter": 0.0,
    }
    return Situation(session or make_state(), **{**defaults, **fields})
