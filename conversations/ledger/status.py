"""How far a message has come: which status may follow which. No I/O, no clock."""

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
"""Only forward. ``sending → queued`` is the one way back: the text surely did not leave. A
result that comes late for a text that waits again still counts: it must not be sent twice."""

TIME_COLUMN: Mapping[Status, str] = {
    Status.SENT: "sent_at",
    Status.DELIVERED: "delivered_at",
    Status.READ: "read_at",
}


def may_follow(old: str, new: Status) -> bool:
    """Whether a message in ``old`` may become ``new``; the same again is not a step."""
    return new in FORWARD[Status(old)]


def advance(message: Message, status: Status, at: datetime) -> bool:
    """Move ``message`` (not saved here) to ``status``, which it reached at ``at``.

    The first time that is known stays; a receipt that comes late still brings its time, but
    not to a failed message. False when the status is not a step forward."""
    if message.status == Status.FAILED:
        return False
    column = TIME_COLUMN.get(status)
    if column and getattr(message, column) is None:
        setattr(message, column, at)
    moved = may_follow(message.status, status)
    if moved:
        message.status = status
    return moved
