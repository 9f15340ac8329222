"""The texts for users: a label for each status; a sentence, advice and a next action for each
reason. Pages, API, admin, commands and mails all use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sessions_app.lifecycle import Event, Reason, Status


def _(text: str) -> str:
    """Mark ``text`` for translation. Callers translate it: this module does not import Django."""
    return text


class Action(StrEnum):
    """The next step that a user can take."""

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
    """``sentence`` describes the state, ``advice`` what to do or expect, ``action`` the next
    step."""

    sentence: str
    advice: str
    action: Action


STATUS_LABELS: Mapping[Status, str] = {
    Status.INITIALIZING: _("Preparing"),
    Status.QR: _("Scan the code"),
    Status.READY: _("Ready"),
    Status.DISCONNECTED: _("Disconnected"),
}

RECONNECTING_LABEL = _("Reconnecting")
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
        _("Preparing WhatsApp session…"), _("The code appears in a moment."), Action.WAIT
    ),
    Reason.SCAN: Wording(
        _("Scan this code with the phone"),
        _("Open WhatsApp, then Settings › Linked devices › Link a device."),
        Action.SCAN,
    ),
    Reason.PAIR_CODE: Wording(
        _("Type this code on the phone"),
        _("Open WhatsApp, then Settings › Linked devices › Link with phone number instead."),
        Action.SCAN,
    ),
    Reason.PAIRING: Wording(
        _("Scanned, finishing…"), _("Keep WhatsApp open on the phone."), Action.WAIT
    ),
    Reason.OK: Wording(_("✅ Connected"), _("Messages go out and come in."), Action.NONE),
    Reason.DEGRADED: Wording(
        _("Connected, but WhatsApp is slow to answer"),
        _("Nothing to do: the link is checked and repaired by itself."),
        Action.WAIT,
    ),
    Reason.RECONNECTING: Wording(
        _("The connection dropped. Reconnecting by itself…"),
        _("Nothing to do: messages that arrive meanwhile are not lost."),
        Action.WAIT,
    ),
    Reason.ENGINE_RESTARTING: Wording(
        _("Our connection process restarted. Reconnecting by itself…"),
        _("Nothing to do: this takes a few seconds."),
        Action.WAIT,
    ),
    Reason.CONNECTION_FAILED: Wording(
        _("WhatsApp could not be reached. Trying again by itself…"),
        _("Nothing to do unless this lasts: then check the server's network."),
        Action.WAIT,
    ),
    Reason.UNREACHABLE: Wording(
        _("WhatsApp cannot be reached"),
        _("A linked number keeps trying by itself. Check the server's network, or try again now."),
        Action.RESTART,
    ),
    Reason.GATEWAY_OFFLINE: Wording(
        _("Our connection service is not running"),
        _("The number reconnects by itself when the service is back."),
        Action.WAIT,
    ),
    Reason.QR_EXPIRED: Wording(
        _("The codes ran out before one was scanned"),
        _("Get a new code when the phone is at hand."),
        Action.NEW_QR,
    ),
    Reason.PAIR_ERROR: Wording(
        _("WhatsApp did not accept the link"),
        _("Check that the phone has fewer than four linked devices, then get a new code."),
        Action.NEW_QR,
    ),
    Reason.STUCK_NO_QR: Wording(
        _("WhatsApp sent no code, twice"),
        _("Try again. If it happens again, WhatsApp may have a problem."),
        Action.NEW_QR,
    ),
    Reason.STREAM_REPLACED: Wording(
        _("Another program took over this link"),
        _("If that was not you, stop the other program, then restart the link here."),
        Action.RESTART,
    ),
    Reason.LOGGED_OUT: Wording(
        _("The link was removed on the phone"),
        _("Link the number again with a new code."),
        Action.NEW_QR,
    ),
    Reason.ACCOUNT_LOCKED: Wording(
        _("WhatsApp has locked this account"),
        _("Open WhatsApp on the phone and follow its instructions, then link again."),
        Action.OPEN_WHATSAPP,
    ),
    Reason.ACCOUNT_BANNED: Wording(
        _("WhatsApp has banned this number"),
        _("Open WhatsApp on the phone and ask for a review."),
        Action.OPEN_WHATSAPP,
    ),
    Reason.TEMP_BAN: Wording(
        _("WhatsApp has blocked this number for a while"),
        _("It reconnects by itself when the block ends. Send less until then."),
        Action.WAIT,
    ),
    Reason.CLIENT_OUTDATED: Wording(
        _("WhatsApp no longer accepts this version of Pairline"),
        _("The operator has been notified and will update it. No new scan will be needed."),
        Action.CONTACT_SUPPORT,
    ),
    Reason.CONNECT_FAILURE: Wording(
        _("WhatsApp refused the connection"),
        _("We try again a few times. If this continues, restart the link later."),
        Action.RESTART,
    ),
    Reason.KEYS_MISSING: Wording(
        _("The stored keys of this number are gone"),
        _("Link the number again with a new code."),
        Action.NEW_QR,
    ),
    Reason.KEYS_DAMAGED: Wording(
        _("The stored keys of this number are damaged"),
        _("Restore them from a backup, or link the number again with a new code."),
        Action.NEW_QR,
    ),
    Reason.STORAGE_FULL: Wording(
        _("The server's disk is full"),
        _("Free some space on the server, then restart the link."),
        Action.RESTART,
    ),
    Reason.CLOCK_WRONG: Wording(
        _("The server's clock is wrong, so WhatsApp cannot be trusted"),
        _("Set the server's clock, then restart the link."),
        Action.RESTART,
    ),
    Reason.PROXY_FAILED: Wording(
        _("This number's proxy does not lead to WhatsApp"),
        _(
            "We keep trying through it, and never without it. Check the proxy, or set another "
            "one on this number's proxy page."
        ),
        Action.RESTART,
    ),
    Reason.ENGINE_UNAVAILABLE: Wording(
        _("The WhatsApp library could not be started"),
        _("The operator can find the cause with: manage.py cleanup_sessions diagnostics"),
        Action.CONTACT_SUPPORT,
    ),
    Reason.NUMBER_TAKEN: Wording(
        _("This number is already linked to another of your locations"),
        _("Unlink it there first, or scan with another phone."),
        Action.NEW_QR,
    ),
    Reason.OTHER_NUMBER: Wording(
        _("The code was scanned with another phone"),
        _(
            "Scan a new code with the phone of this number. To use another number here, confirm "
            "it first: this number's messages are then kept apart."
        ),
        Action.NEW_QR,
    ),
    Reason.SUSPENDED_BILLING: Wording(
        _("Paused, because the account is suspended"),
        _(
            "Ask your operator to resume it. The link is kept and comes back by itself, without "
            "a new scan."
        ),
        Action.CONTACT_SUPPORT,
    ),
    Reason.USER_DISCONNECT: Wording(
        _("Stopped by you"),
        _("Start it again at any time: no new scan is needed."),
        Action.RESTART,
    ),
    Reason.UNLINKED: Wording(
        _("Unlinked"), _("Create a new connection to link a number again."), Action.CREATE
    ),
    Reason.CLEANED_UP: Wording(
        _("This attempt was stuck and has been ended"),
        _("Start it again: a number that is still linked needs no new scan."),
        Action.RESTART,
    ),
}

ACTION_LABELS: Mapping[Action, str] = {
    Action.NEW_QR: _("New QR code"),
    Action.RESTART: _("Restart"),
    Action.CREATE: _("Create connection"),
}
"""The labels of the buttons. Actions without a label have no button."""

START_AGAIN_LABEL = _("Start again")

NOT_CONNECTED_LABEL = _("Not connected")
NOT_CONNECTED_SENTENCE = _("No number is linked here yet")

EVENTS: Mapping[Event, str] = {
    Event.START: _("Started"),
    Event.RECONNECT: _("Connecting again"),
    Event.QR_CODE: _("Showed a QR code"),
    Event.PAIR_CODE: _("Showed a pairing code"),
    Event.QR_EXPIRED: _("The codes ran out"),
    Event.PAIR_SUCCESS: _("The phone accepted the link"),
    Event.PAIR_ERROR: _("WhatsApp did not accept the link"),
    Event.CONNECTED: _("Connected"),
    Event.KEEPALIVE_SLOW: _("WhatsApp is slow to answer"),
    Event.KEEPALIVE_LOST: _("WhatsApp stopped answering"),
    Event.DROPPED: _("The connection dropped"),
    Event.ENGINE_LOST: _("Our connection process restarted"),
    Event.CONNECT_FAILED: _("WhatsApp could not be reached"),
    Event.UNREACHABLE: _("Gave up waiting for WhatsApp"),
    Event.STREAM_REPLACED: _("Another program took over this link"),
    Event.LOGGED_OUT: _("The link was removed on the phone"),
    Event.ACCOUNT_LOCKED: _("WhatsApp locked this account"),
    Event.ACCOUNT_BANNED: _("WhatsApp banned this number"),
    Event.TEMP_BAN: _("WhatsApp blocked this number for a while"),
    Event.CLIENT_OUTDATED: _("WhatsApp refused this version of Pairline"),
    Event.CONNECT_REFUSED: _("WhatsApp refused the connection"),
    Event.STUCK_NO_QR: _("WhatsApp sent no code"),
    Event.KEYS_MISSING: _("The stored keys are gone"),
    Event.KEYS_DAMAGED: _("The stored keys are damaged"),
    Event.STORAGE_FULL: _("The server's disk is full"),
    Event.CLOCK_WRONG: _("The server's clock is wrong"),
    Event.PROXY_FAILED: _("The number's proxy did not lead to WhatsApp"),
    Event.ENGINE_UNAVAILABLE: _("The WhatsApp library could not be started"),
    Event.NUMBER_TAKEN: _("The number is linked to another location"),
    Event.OTHER_NUMBER: _("Another phone scanned the code and was unlinked again"),
    Event.SUSPENDED: _("Paused with the account"),
    Event.RESUMED: _("The account works again"),
    Event.STOPPED: _("Stopped"),
    Event.UNLINKED: _("Unlinked"),
    Event.CLEANED_UP: _("A stuck attempt was ended"),
}
"""The texts of the timeline."""


def label(status: Status, reason: Reason) -> str:
    """Return the label beside the dot: "Preparing", "Scan the code", "Ready", "Reconnecting", …"""
    if status is Status.INITIALIZING and reason in _RECONNECTING_REASONS:
        return RECONNECTING_LABEL
    return STATUS_LABELS[status]
