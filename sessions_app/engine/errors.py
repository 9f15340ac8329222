"""Map the library's error texts to error codes. Pure.

The library reports errors as text, without codes. The messages made here never quote it,
because its texts may contain phone numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sessions_app.engine import proxy_url
from sessions_app.engine.engine_events import (
    ConnectFailure,
    EngineEvent,
    LoggedOut,
    StartFailed,
    TemporaryBan,
)
from sessions_app.engine.protocol import StartFailure


class StartRefused(Exception):
    """A client cannot start. ``detail`` describes the cause in one line without secrets."""

    def __init__(self, code: StartFailure, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class ErrorReply:
    """The error of a failed command: a code, and one sentence to display."""

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
        "The disk is full.",
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
        "The proxy rejected the user and password.",
    ),
    (r"no such host|server misbehaving", "The proxy's host name cannot be resolved."),
    (
        r"(proxyconnect|socks connect).*dial tcp.*refused",
        "Nothing is listening at the proxy's address.",
    ),
    (r"i/o timeout|deadline exceeded|timed out", "The connection through the proxy timed out."),
)


def classify_start(text: str, *, proxied: bool = False) -> StartRefused:
    """Return the reason for a start that ended with the library's error ``text``.

    ``proxied`` means that the number has its own proxy; any failure to reach WhatsApp then
    counts as a failure of that proxy."""
    refused = _match_start(text)
    if not proxied or refused.code is not StartFailure.DIAL:
        return refused
    for pattern, detail in _PROXY:
        if re.search(pattern, text, re.IGNORECASE):
            return StartRefused(StartFailure.PROXY, detail)
    return StartRefused(StartFailure.PROXY, "WhatsApp could not be reached through the proxy.")


def check_proxy(url: str) -> None:
    """Check a proxy before a start, because the library ignores a proxy that it cannot parse
    and connects without one. Raises StartRefused."""
    try:
        proxy_url.parse(url)
    except proxy_url.NotAProxy as error:
        raise StartRefused(StartFailure.PROXY, str(error)) from None


def _match_start(text: str) -> StartRefused:
    for pattern, code, detail in _START:
        if re.search(pattern, text, re.IGNORECASE):
            return StartRefused(code, detail)
    return StartRefused(StartFailure.OTHER, "The library reported an unknown error.")


def classify_lost_events(text: str) -> EngineEvent:
    """Return the event for a running client whose event loop ended with the error ``text``.

    The loop ends when an event has a value that is missing from the library's enumerations. The
    text names the type of the event, which is enough here."""
    if "ConnectFailure" in text:
        return ConnectFailure("unknown")
    if "TemporaryBan" in text:
        return TemporaryBan("unknown", 0)
    if "LoggedOut" in text:
        return LoggedOut("401")
    return StartFailed(StartFailure.OTHER, "The library stopped reporting events for this number.")


_SEND: tuple[tuple[str, str, str], ...] = (
    ("no LID found", "not_on_whatsapp", "This number is not on WhatsApp."),
    (
        r"server returned error 463",
        "reachout_timelock",
        "WhatsApp does not let this number message new contacts for now.",
    ),
    (
        r"not connected|client is nil|doesn't contain a device JID",
        "not_connected",
        "This number is not connected to WhatsApp right now.",
    ),
    (
        r"timed out|timeout|deadline|websocket disconnected",
        "timeout",
        "WhatsApp did not answer in time. The message may or may not have been sent.",
    ),
)


def classify_send(text: str) -> ErrorReply:
    """Return the reply for a failed send, from the library's error ``text``."""
    for pattern, code, error in _SEND:
        if re.search(pattern, text, re.IGNORECASE):
            return ErrorReply(code, error)
    number = re.search(r"server returned error (\d+)", text)
    code = f" (code {number[1]})" if number else ""
    return ErrorReply("refused", f"WhatsApp rejected this message{code}.")


_PAIR_CODE: tuple[tuple[str, str, str], ...] = (
    (
        r"too short|must not start with 0|status 400|bad.request",
        "bad_number",
        "WhatsApp does not accept this number. Enter it with its country code.",
    ),
    (
        r"429|rate-overlimit|rate.limit",
        "rate_limited",
        "Too many codes were requested. Wait a few minutes, or scan the QR code.",
    ),
    (
        r"not connected|client is nil|disconnected|timed out|timeout",
        "not_connected",
        "The connection to WhatsApp was lost while requesting a code.",
    ),
)


def classify_pair_code(text: str) -> ErrorReply:
    """Return the reply for a failed pairing code request, from the library's error ``text``."""
    for pattern, code, error in _PAIR_CODE:
        if re.search(pattern, text, re.IGNORECASE):
            return ErrorReply(code, error)
    return ErrorReply("refused", "WhatsApp refused to issue a pairing code for this number.")
