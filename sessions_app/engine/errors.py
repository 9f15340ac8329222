"""What the library's error texts mean. Pure; it gives texts where it should give codes.

None of the sentences made here quotes the library: its texts name phone numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sessions_app.engine import proxy_url
from sessions_app.engine.protocol import EngineEvent, StartFailure


class StartRefused(Exception):
    """A client cannot start: ``code`` says why, ``detail`` in one line without secrets."""

    def __init__(self, code: StartFailure, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Refusal:
    """Why a command failed: a code, and one sentence for people."""

    code: str
    error: str


_START: tuple[tuple[str, StartFailure, str], ...] = (
    (
        r"certificate (has expired or is )?not (yet )?valid|certificate (has )?expired",
        StartFailure.CLOCK,
        "A certificate is not valid at the time of this machine's clock.",
    ),
    (
        r"database or disk is full|no space left|disk I/O error|file too large|quota exceeded",
        StartFailure.STORAGE_FULL,
        "The disk took no more data.",
    ),
    (
        r"not a database|malformed|file is encrypted|foreign keys are not enabled",
        StartFailure.KEYS_DAMAGED,
        "The key store cannot be read.",
    ),
    (
        r"proxy|socks",
        StartFailure.DIAL,
        "The proxy refused or could not be reached.",
    ),
    (
        r"certificate|x509|tls:",
        StartFailure.DIAL,
        "The server's certificate is not trusted.",
    ),
    (
        r"dial|lookup|handshake|EOF|connection|timeout|timed out|unexpected status|websocket",
        StartFailure.DIAL,
        "WhatsApp could not be reached.",
    ),
    (
        r"unable to open database|permission denied|readonly database|pq:|database",
        StartFailure.OTHER,
        "The key store could not be opened.",
    ),
)


_PROXY: tuple[tuple[str, str], ...] = (
    (
        r"proxy authentication|authentication (failed|required)|no acceptable authentication"
        r"|invalid username/password|\b407\b",
        "The proxy does not accept the user and password.",
    ),
    (r"no such host|server misbehaving", "The name of the proxy cannot be resolved."),
    (r"(proxyconnect|socks connect).*dial tcp.*refused", "Nothing listens at the proxy's address."),
    (r"i/o timeout|deadline exceeded|timed out", "There was no answer through the proxy."),
)


def of_start(text: str, *, proxied: bool = False) -> StartRefused:
    """Why a start ended with the library's error ``text``. ``proxied``: through a proxy of the
    number's own, which then stands for the whole way to WhatsApp."""
    refused = _of_start(text)
    if not proxied or refused.code is not StartFailure.DIAL:
        return refused
    for pattern, detail in _PROXY:
        if re.search(pattern, text, re.IGNORECASE):
            return StartRefused(StartFailure.PROXY, detail)
    return StartRefused(StartFailure.PROXY, "WhatsApp could not be reached through the proxy.")


def check_proxy(url: str) -> None:
    """Refuse a start whose proxy the library might not understand: it would dial without one.
    Raises StartRefused."""
    try:
        proxy_url.parse(url)
    except proxy_url.NotAProxy as error:
        raise StartRefused(StartFailure.PROXY, str(error)) from None


def _of_start(text: str) -> StartRefused:
    for pattern, code, detail in _START:
        if re.search(pattern, text, re.IGNORECASE):
            return StartRefused(code, detail)
    return StartRefused(StartFailure.OTHER, "The library gave an error that we do not know.")


def of_lost_events(text: str) -> dict[str, Any]:
    """The event to tell when a running client's event loop ended with the error ``text``.

    It ends when an event has a value that the library's own enumerations lack. Whatever that
    value is, the kind of the event is known and decides."""
    if "ConnectFailure" in text:
        return {"event": EngineEvent.CONNECT_FAILURE, "detail": "unknown"}
    if "TemporaryBan" in text:
        return {"event": EngineEvent.TEMP_BAN, "detail": "unknown", "seconds": 0}
    if "LoggedOut" in text:
        return {"event": EngineEvent.LOGGED_OUT, "detail": "401"}
    return {
        "event": EngineEvent.START_FAILED,
        "code": StartFailure.OTHER,
        "detail": "The library stopped telling what happens on this link.",
    }


_SEND: tuple[tuple[str, str, str], ...] = (
    ("no LID found", "not_on_whatsapp", "This number is not on WhatsApp."),
    (
        r"server returned error 463",
        "reachout_timelock",
        "WhatsApp does not let this number write to new contacts for now.",
    ),
    (
        r"not connected|client is nil|doesn't contain a device JID",
        "not_connected",
        "This number is not connected to WhatsApp right now.",
    ),
    (
        r"timed out|timeout|deadline|websocket disconnected",
        "timeout",
        "WhatsApp did not answer in time, so it is not known whether the message went out.",
    ),
)


def of_send(text: str) -> Refusal:
    """Why the library did not send, from its error ``text``."""
    for pattern, code, error in _SEND:
        if re.search(pattern, text, re.IGNORECASE):
            return Refusal(code, error)
    number = re.search(r"server returned error (\d+)", text)
    which = f" (code {number[1]})" if number else ""
    return Refusal("refused", f"WhatsApp refused this message{which}.")


_PAIR_CODE: tuple[tuple[str, str, str], ...] = (
    (
        r"too short|must not start with 0|status 400|bad.request",
        "bad_number",
        "WhatsApp does not take this number. Write it with its country code.",
    ),
    (
        r"429|rate-overlimit|rate.limit",
        "rate_limited",
        "Too many codes were asked for. Wait some minutes, or scan the QR code.",
    ),
    (
        r"not connected|client is nil|disconnected|timed out|timeout",
        "not_connected",
        "The connection to WhatsApp was lost while asking for a code.",
    ),
)


def of_pair_code(text: str) -> Refusal:
    """Why there is no pairing code, from the library's error ``text``."""
    for pattern, code, error in _PAIR_CODE:
        if re.search(pattern, text, re.IGNORECASE):
            return Refusal(code, error)
    return Refusal("refused", "WhatsApp gave no pairing code for this number.")
