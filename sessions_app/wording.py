"""What people read: one label a status; one sentence, one advice and one next action a reason.

Pages, API, admin, commands and mails take their words from here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sessions_app.lifecycle import Event, Reason, Status


class Action(StrEnum):
    """The one next step that a person can take."""

    NONE = "none"
    WAIT = "wait"
    SCAN = "scan"
    NEW_QR = "new_qr"
    RESTART = "restart"
    CREATE = "create"
    OPEN_WHATSAPP = "open_whatsapp"
    CONTACT_SUPPORT = "contact_support"


@dataclass(frozen=True)
class Wording:
    """``sentence`` says what is so, ``advice`` what to do or expect, ``action`` the next step."""

    sentence: str
    advice: str
    action: Action


STATUS_LABELS: Mapping[Status, str] = {
    Status.INITIALIZING: "Preparing",
    Status.QR: "Scan the code",
    Status.READY: "Ready",
    Status.DISCONNECTED: "Disconnected",
}

RECONNECTING_LABEL = "Reconnecting"
_RECONNECTING_REASONS = frozenset(
    {
        Reason.RECONNECTING,
        Reason.ENGINE_RESTARTING,
        Reason.CONNECTION_FAILED,
        Reason.GATEWAY_OFFLINE,
    }
)

REASONS: Mapping[Reason, Wording] = {
    Reason.STARTING: Wording(
        "Preparing WhatsApp session…", "The code appears in a moment.", Action.WAIT
    ),
    Reason.SCAN: Wording(
        "Scan this code with the phone",
        "Open WhatsApp, then Settings › Linked devices › Link a device.",
        Action.SCAN,
    ),
    Reason.PAIR_CODE: Wording(
        "Type this code on the phone",
        "Open WhatsApp, then Settings › Linked devices › Link with phone number instead.",
        Action.SCAN,
    ),
    Reason.PAIRING: Wording("Scanned, finishing…", "Keep WhatsApp open on the phone.", Action.WAIT),
    Reason.OK: Wording("✅ Connected", "Messages go out and come in.", Action.NONE),
    Reason.DEGRADED: Wording(
        "Connected, but WhatsApp is slow to answer",
        "Nothing to do: the link is checked and repaired by itself.",
        Action.WAIT,
    ),
    Reason.RECONNECTING: Wording(
        "The connection dropped. Reconnecting by itself…",
        "Nothing to do: messages that arrive meanwhile are not lost.",
        Action.WAIT,
    ),
    Reason.ENGINE_RESTARTING: Wording(
        "Our connection process restarted. Reconnecting by itself…",
        "Nothing to do: this takes a few seconds.",
        Action.WAIT,
    ),
    Reason.CONNECTION_FAILED: Wording(
        "WhatsApp could not be reached. Trying again by itself…",
        "Nothing to do unless this lasts: then check the server's network.",
        Action.WAIT,
    ),
    Reason.UNREACHABLE: Wording(
        "WhatsApp cannot be reached",
        "A linked number keeps trying by itself. Check the server's network, or try again now.",
        Action.RESTART,
    ),
    Reason.GATEWAY_OFFLINE: Wording(
        "Our connection service is not running",
        "The number reconnects by itself when the service is back.",
        Action.WAIT,
    ),
    Reason.QR_EXPIRED: Wording(
        "The codes ran out before one was scanned",
        "Get a new code when the phone is at hand.",
        Action.NEW_QR,
    ),
    Reason.PAIR_ERROR: Wording(
        "WhatsApp did not accept the link",
        "Check that the phone has fewer than four linked devices, then get a new code.",
        Action.NEW_QR,
    ),
    Reason.STUCK_NO_QR: Wording(
        "WhatsApp sent no code, twice",
        "Try again. If it happens again, WhatsApp may be disturbed.",
        Action.NEW_QR,
    ),
    Reason.STREAM_REPLACED: Wording(
        "Another program took over this link",
        "If that was not you, stop the other program, then restart the link here.",
        Action.RESTART,
    ),
    Reason.LOGGED_OUT: Wording(
        "The link was removed on the phone", "Link the number again with a new code.", Action.NEW_QR
    ),
    Reason.ACCOUNT_LOCKED: Wording(
        "WhatsApp has locked this account",
        "Open WhatsApp on the phone and follow what it says, then link again.",
        Action.OPEN_WHATSAPP,
    ),
    Reason.ACCOUNT_BANNED: Wording(
        "WhatsApp has banned this number",
        "Open WhatsApp on the phone and ask for a review.",
        Action.OPEN_WHATSAPP,
    ),
    Reason.TEMP_BAN: Wording(
        "WhatsApp has blocked this number for a while",
        "It reconnects by itself when the block ends. Send less until then.",
        Action.WAIT,
    ),
    Reason.CLIENT_OUTDATED: Wording(
        "WhatsApp no longer accepts this version of Pairline",
        "We are told and will update. No new scan will be needed.",
        Action.CONTACT_SUPPORT,
    ),
    Reason.CONNECT_FAILURE: Wording(
        "WhatsApp refused the connection",
        "We try again a few times. If it stays so, restart the link later.",
        Action.RESTART,
    ),
    Reason.KEYS_MISSING: Wording(
        "The stored keys of this number are gone",
        "Link the number again with a new code.",
        Action.NEW_QR,
    ),
    Reason.KEYS_DAMAGED: Wording(
        "The stored keys of this number are damaged",
        "Restore them from a backup, or link the number again with a new code.",
        Action.NEW_QR,
    ),
    Reason.STORAGE_FULL: Wording(
        "The server's disk is full",
        "Free some space on the server, then restart the link.",
        Action.RESTART,
    ),
    Reason.CLOCK_WRONG: Wording(
        "The server's clock is wrong, so WhatsApp cannot be trusted",
        "Set the server's clock, then restart the link.",
        Action.RESTART,
    ),
    Reason.ENGINE_UNAVAILABLE: Wording(
        "The WhatsApp library could not be started",
        "The operator finds the cause with: manage.py cleanup_sessions diagnostics",
        Action.CONTACT_SUPPORT,
    ),
    Reason.NUMBER_TAKEN: Wording(
        "This number is already linked to another of your locations",
        "Unlink it there first, or scan with another phone.",
        Action.NEW_QR,
    ),
    Reason.USER_DISCONNECT: Wording(
        "Stopped by you", "Start it again whenever you like: no new scan is needed.", Action.RESTART
    ),
    Reason.UNLINKED: Wording(
        "Unlinked", "Create a new connection to link a number again.", Action.CREATE
    ),
    Reason.CLEANED_UP: Wording(
        "This attempt was stuck and has been ended",
        "Start it again: a number that is still linked needs no new scan.",
        Action.RESTART,
    ),
}

ACTION_LABELS: Mapping[Action, str] = {
    Action.NEW_QR: "New QR code",
    Action.RESTART: "Restart",
    Action.CREATE: "Create connection",
}
"""What stands on the button of an action that is one press; the others have no button."""

START_AGAIN_LABEL = "Start again"

NOT_CONNECTED_LABEL = "Not connected"
NOT_CONNECTED_SENTENCE = "No number is linked here yet"

EVENTS: Mapping[Event, str] = {
    Event.START: "Started",
    Event.RECONNECT: "Connecting again",
    Event.QR_CODE: "Showed a QR code",
    Event.PAIR_CODE: "Showed a pairing code",
    Event.QR_EXPIRED: "The codes ran out",
    Event.PAIR_SUCCESS: "The phone accepted the link",
    Event.PAIR_ERROR: "WhatsApp did not accept the link",
    Event.CONNECTED: "Connected",
    Event.KEEPALIVE_SLOW: "WhatsApp is slow to answer",
    Event.KEEPALIVE_LOST: "WhatsApp stopped answering",
    Event.DROPPED: "The connection dropped",
    Event.ENGINE_LOST: "Our connection process restarted",
    Event.CONNECT_FAILED: "WhatsApp could not be reached",
    Event.UNREACHABLE: "Gave up waiting for WhatsApp",
    Event.STREAM_REPLACED: "Another program took over this link",
    Event.LOGGED_OUT: "The link was removed on the phone",
    Event.ACCOUNT_LOCKED: "WhatsApp locked this account",
    Event.ACCOUNT_BANNED: "WhatsApp banned this number",
    Event.TEMP_BAN: "WhatsApp blocked this number for a while",
    Event.CLIENT_OUTDATED: "WhatsApp refused this version of Pairline",
    Event.CONNECT_REFUSED: "WhatsApp refused the connection",
    Event.STUCK_NO_QR: "WhatsApp sent no code",
    Event.KEYS_MISSING: "The stored keys are gone",
    Event.KEYS_DAMAGED: "The stored keys are damaged",
    Event.STORAGE_FULL: "The server's disk is full",
    Event.CLOCK_WRONG: "The server's clock is wrong",
    Event.ENGINE_UNAVAILABLE: "The WhatsApp library could not be started",
    Event.NUMBER_TAKEN: "The number is linked to another location",
    Event.STOPPED: "Stopped",
    Event.UNLINKED: "Unlinked",
    Event.CLEANED_UP: "A stuck attempt was ended",
}
"""What the timeline says that happened."""


def label(status: Status, reason: Reason) -> str:
    """The word beside the dot: "Preparing", "Scan the code", "Ready", "Reconnecting", …"""
    if status is Status.INITIALIZING and reason in _RECONNECTING_REASONS:
        return RECONNECTING_LABEL
    return STATUS_LABELS[status]
