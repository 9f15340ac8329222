"""The lifecycle of a session: one pure table from (status, event) to (status, reason).

No other code chooses a status. WhatsApp's events are mapped as measured on whatsmeow and
neonize. The diagram in ``docs/explanation/lifecycle.md`` is drawn from this table.
This module imports neither Django nor asyncio nor neonize.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The actual status. Only the gateway writes it."""

    INITIALIZING = "initializing"
    QR = "qr"
    READY = "ready"
    DISCONNECTED = "disconnected"


class Wanted(StrEnum):
    """What the customer wants. Only the web writes it."""

    LINKED = "linked"
    STOPPED = "stopped"
    UNLINKED = "unlinked"


class Event(StrEnum):
    """What can happen to a session."""

    START = "start"
    RECONNECT = "reconnect"
    QR_CODE = "qr_code"
    PAIR_CODE = "pair_code"
    QR_EXPIRED = "qr_expired"
    PAIR_SUCCESS = "pair_success"
    PAIR_ERROR = "pair_error"
    CONNECTED = "connected"
    KEEPALIVE_SLOW = "keepalive_slow"
    KEEPALIVE_LOST = "keepalive_lost"
    DROPPED = "dropped"
    ENGINE_LOST = "engine_lost"
    CONNECT_FAILED = "connect_failed"
    UNREACHABLE = "unreachable"
    STREAM_REPLACED = "stream_replaced"
    LOGGED_OUT = "logged_out"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_BANNED = "account_banned"
    TEMP_BAN = "temp_ban"
    CLIENT_OUTDATED = "client_outdated"
    CONNECT_REFUSED = "connect_refused"
    STUCK_NO_QR = "stuck_no_qr"
    KEYS_MISSING = "keys_missing"
    KEYS_DAMAGED = "keys_damaged"
    STORAGE_FULL = "storage_full"
    CLOCK_WRONG = "clock_wrong"
    PROXY_FAILED = "proxy_failed"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    NUMBER_TAKEN = "number_taken"
    OTHER_NUMBER = "other_number"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    STOPPED = "stopped"
    UNLINKED = "unlinked"
    CLEANED_UP = "cleaned_up"


class Reason(StrEnum):
    """The reason for a status. ``wording.py`` has a sentence and a next action for each."""

    STARTING = "starting"
    SCAN = "scan"
    PAIR_CODE = "pair_code"
    PAIRING = "pairing"
    OK = "ok"
    DEGRADED = "degraded"
    RECONNECTING = "reconnecting"
    ENGINE_RESTARTING = "engine_restarting"
    CONNECTION_FAILED = "connection_failed"
    UNREACHABLE = "unreachable"
    GATEWAY_OFFLINE = "gateway_offline"
    QR_EXPIRED = "qr_expired"
    PAIR_ERROR = "pair_error"
    STUCK_NO_QR = "stuck_no_qr"
    STREAM_REPLACED = "stream_replaced"
    LOGGED_OUT = "logged_out"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_BANNED = "account_banned"
    TEMP_BAN = "temp_ban"
    CLIENT_OUTDATED = "client_outdated"
    CONNECT_FAILURE = "connect_failure"
    KEYS_MISSING = "keys_missing"
    KEYS_DAMAGED = "keys_damaged"
    STORAGE_FULL = "storage_full"
    CLOCK_WRONG = "clock_wrong"
    PROXY_FAILED = "proxy_failed"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    NUMBER_TAKEN = "number_taken"
    OTHER_NUMBER = "other_number"
    SUSPENDED_BILLING = "suspended_billing"
    USER_DISCONNECT = "user_disconnect"
    UNLINKED = "unlinked"
    CLEANED_UP = "cleaned_up"


@dataclass(frozen=True)
class Transition:
    status: Status
    reason: Reason


Row = Mapping[Status, Transition | None]
IGNORED: Transition | None = None


def _row(
    *,
    initializing: Transition | None,
    qr: Transition | None,
    ready: Transition | None,
    disconnected: Transition | None,
) -> Row:
    return {
        Status.INITIALIZING: initializing,
        Status.QR: qr,
        Status.READY: ready,
        Status.DISCONNECTED: disconnected,
    }


def _from_any(status: Status, reason: Reason) -> Row:
    transition = Transition(status, reason)
    return _row(initializing=transition, qr=transition, ready=transition, disconnected=transition)


def _while_alive(status: Status, reason: Reason) -> Row:
    """From every status except ``disconnected``, which keeps its reason."""
    transition = Transition(status, reason)
    return _row(initializing=transition, qr=transition, ready=transition, disconnected=IGNORED)


def _interrupted(reason: Reason) -> Row:
    """The link of a known number is interrupted. A session that shows a QR code is unaffected."""
    transition = Transition(Status.INITIALIZING, reason)
    return _row(initializing=transition, qr=IGNORED, ready=transition, disconnected=IGNORED)


_INIT, _QR, _READY, _DISC = Status.INITIALIZING, Status.QR, Status.READY, Status.DISCONNECTED

_ROWS: Mapping[Event, Row] = {
    Event.START: _from_any(_INIT, Reason.STARTING),
    Event.RECONNECT: _from_any(_INIT, Reason.RECONNECTING),
    Event.QR_CODE: _row(
        initializing=Transition(_QR, Reason.SCAN),
        qr=Transition(_QR, Reason.SCAN),
        ready=IGNORED,
        disconnected=IGNORED,
    ),
    Event.PAIR_CODE: _row(
        initializing=IGNORED,
        qr=Transition(_QR, Reason.PAIR_CODE),
        ready=IGNORED,
        disconnected=IGNORED,
    ),
    Event.QR_EXPIRED: _row(
        initializing=Transition(_DISC, Reason.QR_EXPIRED),
        qr=Transition(_DISC, Reason.QR_EXPIRED),
        ready=IGNORED,
        disconnected=IGNORED,
    ),
    Event.PAIR_SUCCESS: _row(
        initializing=Transition(_INIT, Reason.PAIRING),
        qr=Transition(_INIT, Reason.PAIRING),
        ready=IGNORED,
        disconnected=IGNORED,
    ),
    Event.PAIR_ERROR: _row(
        initializing=Transition(_DISC, Reason.PAIR_ERROR),
        qr=Transition(_DISC, Reason.PAIR_ERROR),
        ready=IGNORED,
        disconnected=IGNORED,
    ),
    Event.CONNECTED: _from_any(_READY, Reason.OK),
    Event.KEEPALIVE_SLOW: _row(
        initializing=IGNORED,
        qr=IGNORED,
        ready=Transition(_READY, Reason.DEGRADED),
        disconnected=IGNORED,
    ),
    Event.KEEPALIVE_LOST: _interrupted(Reason.RECONNECTING),
    Event.DROPPED: _interrupted(Reason.RECONNECTING),
    Event.ENGINE_LOST: _row(
        initializing=Transition(_INIT, Reason.ENGINE_RESTARTING),
        qr=Transition(_INIT, Reason.ENGINE_RESTARTING),
        ready=Transition(_INIT, Reason.ENGINE_RESTARTING),
        disconnected=IGNORED,
    ),
    Event.CONNECT_FAILED: _interrupted(Reason.CONNECTION_FAILED),
    Event.UNREACHABLE: _while_alive(_DISC, Reason.UNREACHABLE),
    Event.STREAM_REPLACED: _while_alive(_DISC, Reason.STREAM_REPLACED),
    Event.LOGGED_OUT: _from_any(_DISC, Reason.LOGGED_OUT),
    Event.ACCOUNT_LOCKED: _from_any(_DISC, Reason.ACCOUNT_LOCKED),
    Event.ACCOUNT_BANNED: _from_any(_DISC, Reason.ACCOUNT_BANNED),
    Event.TEMP_BAN: _from_any(_DISC, Reason.TEMP_BAN),
    Event.CLIENT_OUTDATED: _from_any(_DISC, Reason.CLIENT_OUTDATED),
    Event.CONNECT_REFUSED: _from_any(_DISC, Reason.CONNECT_FAILURE),
    Event.STUCK_NO_QR: _row(
        initializing=Transition(_DISC, Reason.STUCK_NO_QR),
        qr=IGNORED,
        ready=IGNORED,
        disconnected=IGNORED,
    ),
    Event.KEYS_MISSING: _from_any(_DISC, Reason.KEYS_MISSING),
    Event.KEYS_DAMAGED: _from_any(_DISC, Reason.KEYS_DAMAGED),
    Event.STORAGE_FULL: _from_any(_DISC, Reason.STORAGE_FULL),
    Event.CLOCK_WRONG: _from_any(_DISC, Reason.CLOCK_WRONG),
    Event.PROXY_FAILED: _from_any(_DISC, Reason.PROXY_FAILED),
    Event.ENGINE_UNAVAILABLE: _from_any(_DISC, Reason.ENGINE_UNAVAILABLE),
    Event.NUMBER_TAKEN: _from_any(_DISC, Reason.NUMBER_TAKEN),
    Event.OTHER_NUMBER: _from_any(_DISC, Reason.OTHER_NUMBER),
    Event.SUSPENDED: _from_any(_DISC, Reason.SUSPENDED_BILLING),
    Event.RESUMED: _from_any(_INIT, Reason.RECONNECTING),
    Event.STOPPED: _from_any(_DISC, Reason.USER_DISCONNECT),
    Event.UNLINKED: _from_any(_DISC, Reason.UNLINKED),
    Event.CLEANED_UP: _row(
        initializing=Transition(_DISC, Reason.CLEANED_UP),
        qr=Transition(_DISC, Reason.CLEANED_UP),
        ready=IGNORED,
        disconnected=IGNORED,
    ),
}

TRANSITIONS: Mapping[Status, Mapping[Event, Transition | None]] = {
    status: {event: row[status] for event, row in _ROWS.items()} for status in Status
}
"""Total: every (status, event) is a ``Transition`` or an explicit ``IGNORED``."""


def next_transition(status: Status, event: Event) -> Transition | None:
    """Return the transition that ``event`` causes from ``status``, or ``IGNORED`` if it causes
    none, like a late event of WhatsApp."""
    return TRANSITIONS[status][event]
