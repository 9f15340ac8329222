"""The status of a message: which status may follow which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from conversations.models import Message
from conversations.models import MessageStatus as Status

_PROOFS = frozenset({Status.DELIVERED, Status.READ})

FORWARD: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: _PROOFS | {Status.SENDING, Status.SENT, Status.UNCONFIRMED, Status.FAILED},
    Status.SENDING: _PROOFS | {Status.QUEUED, Status.SENT, Status.UNCONFIRMED, Status.FAILED},
    Status.UNCONFIRMED: _PROOFS | {Status.SENT, Status.FAILED},
    Status.SENT: _PROOFS,
    Status.DELIVERED: frozenset({Status.READ}),
    Status.READ: frozenset(),
    Status.FAILED: frozenset(),
    Status.RECEIVED: frozenset(),
}
"""The allowed steps. ``sending → queued`` is the only step back, for a text that certainly did not
leave. A late result for a text that waits again still counts, so that it is not sent twice."""

TIME_COLUMN: Mapping[Status, str] = {
    Status.SENT: "sent_at",
    Status.DELIVERED: "delivered_at",
    Status.READ: "read_at",
}


def may_follow(old: str, new: Status) -> bool:
    """Return whether a message may change from ``old`` to ``new``. The same status is no step."""
    return new in FORWARD[Status(old)]


def advance(message: Message, status: Status, at: datetime) -> bool:
    """Advance ``message``, without saving it, to ``status``, which it reached at ``at``.

    The first known time of a status stays. A late receipt still adds its time, except to a failed
    message. Returns False if the status is not a step forward."""
    if message.status == Status.FAILED:
        return False
    column = TIME_COLUMN.get(status)
    if column and getattr(message, column) is None:
        setattr(message, column, at)
    moved = may_follow(message.status, status)
    if moved:
        message.status = status
    return moved
