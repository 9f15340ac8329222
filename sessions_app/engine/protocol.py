"""The protocol between gateway and engine: one JSON object per line over a socket pair.

Plain data and its validation, shared by both sides; no I/O. Units: seconds, E.164 numbers,
Unix time in seconds. A line that violates the protocol raises ``ProtocolError``: the gateway then
ends that engine, and an engine ends itself.

A *run* is one client object in one engine. It has a new uuid for each start, so that a late event
of an earlier run is not mistaken for one of the present run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

MAX_LINE_BYTES = 1024 * 1024
HEARTBEAT_SECONDS = 5.0
MISSED_HEARTBEATS = 3


class ProtocolError(Exception):
    """A line that violates the protocol."""


class EngineKind(StrEnum):
    """Linking engines pair new numbers and are replaced often; running engines keep connections."""

    LINKING = "linking"
    RUNNING = "running"


class Command(StrEnum):
    """Gateway → engine. Every command but ``ping`` and ``shutdown`` carries ``id`` (text,
    echoed in its ``result``) and ``run``."""

    START = "start"  # store: path or PostgreSQL URL; journal: path; jid: text or null (null: pair
    #                  anew, whatever the store holds); device_name: text; proxy: URL or null
    #                  (a secret; a number that has a proxy is never dialled without it);
    #                  the result only confirms that the start is under way; events report the rest
    STOP = "stop"  # end the client, keep its keys → result ended: false if it cannot be ended
    #                now (it shows a QR code); either way its events end
    LOGOUT = "logout"  # remove the device at WhatsApp, delete its keys, end the client
    PAIR_CODE = "pair_code"  # phone: E.164 → result code: "ABCD-EFGH"
    SEND = "send"  # to: E.164; text; secret: 64 hex digits → result whatsapp_id, at
    FIND_SENT = "find_sent"  # store; secrets: [hex] → result found: {secret: whatsapp_id}
    PROOF = "proof"  # one cheap query to WhatsApp → result rtt: seconds
    STORED = "stored"  # keys: [text]: the ledger has stored these journal entries; forget them
    SET_ASIDE = "set_aside"  # keys: [text]: the ledger cannot store these; keep them elsewhere
    PING = "ping"  # at → pong at
    SHUTDOWN = "shutdown"  # end all clients (bounded), then the process


class Signal(StrEnum):
    """Engine → gateway: ``hello`` first, then ``result``, ``event``, ``pong``. An engine that
    cannot work sends ``fatal`` instead of ``hello`` and ends."""

    HELLO = "hello"  # kind, pid, neonize: version
    RESULT = "result"  # id, ok; on success the command's fields, else code and error (text)
    EVENT = "event"  # run, at, and what ``EngineEvent.to_wire`` returns (engine_events.py)
    PONG = "pong"  # at (echoed), rss_mb, starts, abandoned: pairings that cannot be ended (their
    #                threads stay until the process ends)
    FATAL = "fatal"  # code: "engine_unavailable"; detail: one line without secrets


class StartFailure(StrEnum):
    """Why a client could not start."""

    DIAL = "dial"  # network, DNS or TLS
    PROXY = "proxy"  # the number's own proxy, or the way from there to WhatsApp
    CLOCK = "clock"  # a certificate is not valid yet, or has expired
    KEYS_MISSING = "keys_missing"  # the jid is not in the store
    KEYS_DAMAGED = "keys_damaged"  # the store cannot be read
    STORAGE_FULL = "storage_full"
    OTHER = "other"


def encode(message: Mapping[str, Any]) -> bytes:
    """Return ``message`` as one line. Raises ProtocolError if it exceeds ``MAX_LINE_BYTES``."""
    line = json.dumps(message, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"a line of {len(line)} bytes is over the limit")
    return line


def decode(line: bytes) -> dict[str, Any]:
    """Return the object in one line. Raises ProtocolError, which never quotes the line."""
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError("a line is over the limit")
    try:
        message = json.loads(line)
    except ValueError:
        raise ProtocolError("a line is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError("a line is not an object with a type")
    return message


def field(message: Mapping[str, Any], name: str, kind: type[Any] | tuple[type[Any], ...]) -> Any:
    """Return ``message[name]``. Raises ProtocolError if it is missing or not of ``kind``."""
    value = message.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise ProtocolError(f"{message.get('type')}: field {name} is missing or of a wrong type")
    return value
