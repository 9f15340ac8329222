"""From the library's events to ours. Pure: objects with the library's field names go in, the
fields of an ``EngineEvent`` come out.

The receipt types and failure reasons are enumerations of the library; what they stand
for in WhatsApp's own numbers is written here once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sessions_app.engine import jids, message_content
from sessions_app.engine.jids import Jid
from sessions_app.engine.protocol import EngineEvent

Event = dict[str, Any]

QR_COUNT = 6
FIRST_QR_SECONDS = 60.0
NEXT_QR_SECONDS = 20.0

_FAILURES = {
    1: "400",
    2: "401",
    3: "402",
    4: "403",
    5: "406",
    6: "405",
    7: "409",
    8: "500",
    9: "418",
    10: "503",
}
_BANS = {1: "101", 2: "102", 3: "103", 4: "104", 5: "106"}
_RECEIPTS = {1: "delivered", 9: "delivered", 4: "read", 6: "read"}
_PAIRED = 2


def qr(text: str, number: int, now: float) -> Event:
    """The ``number``-th QR of a pairing (1…), valid from ``now`` (Unix time). WhatsApp gives
    six; the first holds for 60 s, the others for 20 s each."""
    seconds = FIRST_QR_SECONDS if number == 1 else NEXT_QR_SECONDS
    return {
        "event": EngineEvent.QR,
        "text": text,
        "number": number,
        "of": max(QR_COUNT, number),
        "expires_at": now + seconds,
    }


def login(status: str) -> Event | None:
    """What the library's login status means; None for what needs no telling."""
    if status == "timeout":
        return {"event": EngineEvent.QR_TIMEOUT}
    if status == "err-client-outdated":
        return {"event": EngineEvent.CLIENT_OUTDATED}
    if status in ("success", "err-scanned-without-multidevice"):
        return None  # the pairing's own event follows; the QR that was scanned still holds
    return {"event": EngineEvent.PAIR_ERROR, "detail": status}


def translate(name: str, event: Any, me: Jid | None) -> Event | None:
    """The event to tell for the library's event ``name``; None when there is nothing to tell.
    ``me`` is the linked number's own address."""
    translation = _TRANSLATIONS.get(name)
    return translation(event, me) if translation else None


def _simple(told: EngineEvent) -> Callable[[Any, Jid | None], Event | None]:
    return lambda event, me: {"event": told}


def _pair_status(event: Any, me: Jid | None) -> Event:
    if event.Status != _PAIRED:
        return {"event": EngineEvent.PAIR_ERROR, "detail": "error"}
    return _identity(EngineEvent.PAIR_SUCCESS, jids.of(event.ID))


def _connected(event: Any, me: Jid | None) -> Event | None:
    return _identity(EngineEvent.CONNECTED, me) if me else None


def _identity(told: EngineEvent, jid: Jid) -> Event:
    return {"event": told, "jid": jids.text(jid), "phone": jids.phone(jid)}


def _keepalive_timeout(event: Any, me: Jid | None) -> Event:
    return {"event": EngineEvent.KEEPALIVE_TIMEOUT, "count": int(event.ErrorCount)}


def _stream_error(event: Any, me: Jid | None) -> Event:
    return {"event": EngineEvent.STREAM_ERROR, "detail": str(event.Code)[:20]}


def _logged_out(event: Any, me: Jid | None) -> Event:
    return {"event": EngineEvent.LOGGED_OUT, "detail": _FAILURES.get(event.Reason, "401")}


def _temporary_ban(event: Any, me: Jid | None) -> Event:
    return {
        "event": EngineEvent.TEMP_BAN,
        "detail": _BANS.get(event.Code, "unknown"),
        "seconds": int(event.Expire),
    }


def _connect_failure(event: Any, me: Jid | None) -> Event:
    return {
        "event": EngineEvent.CONNECT_FAILURE,
        "detail": _FAILURES.get(event.Reason, "unknown"),
    }


def _message(event: Any, me: Jid | None) -> Event | None:
    """A message of a conversation between two. Of groups, broadcasts and channels, and of what
    nobody would read, only that the own phone did it; None when it was not the phone."""
    source = event.Info.MessageSource
    sent_at = event.Info.Timestamp / 1000
    phone = _phone(source, sent_at)
    found = None if not _between_two(source) else message_content.content(event.Message)
    if found is None:
        return {"event": EngineEvent.PROOF, **phone} if phone else None
    return {
        "event": EngineEvent.MESSAGE,
        "whatsapp_id": event.Info.ID,
        "peer": _peer(source),
        "peer_name": "" if source.IsFromMe else event.Info.Pushname,
        "text": found.text,
        "media": found.media,
        "sent_at": sent_at,
        "from_me": bool(source.IsFromMe),
        "chat": jids.text(jids.of(source.Chat)),
        **phone,
    }


def _receipt(event: Any, me: Jid | None) -> Event:
    """A receipt for our messages; every other one is still a proof of life."""
    status = _RECEIPTS.get(event.Type)
    source = event.MessageSource
    if status is None or source.IsFromMe or not _between_two(source):
        return {"event": EngineEvent.PROOF, **_phone(source, float(event.Timestamp))}
    return {
        "event": EngineEvent.RECEIPT,
        "whatsapp_ids": list(event.MessageIDs),
        "peer": _peer(source),
        "status": status,
        "sent_at": float(event.Timestamp),
        "chat": jids.text(jids.of(source.Chat)),
    }


def _phone(source: Any, at: float) -> Event:
    """``phone_at``, if the number's own phone did this (at ``at``, Unix time), and nothing if not:
    the phone is device 0 of the account, all others are linked to it as we are."""
    return {"phone_at": at} if source.IsFromMe and source.Sender.Device == 0 else {}


def _between_two(source: Any) -> bool:
    servers = (jids.PHONE_SERVER, jids.LID_SERVER)
    return not source.IsGroup and source.Chat.Server in servers


def _peer(source: Any) -> str:
    """The other side's number: WhatsApp addresses people by number or by a hidden id (LID),
    and gives the other form beside it."""
    if source.IsFromMe:
        return jids.phone(jids.of(source.Chat), jids.of(source.RecipientAlt))
    sides = (source.Sender, source.SenderAlt, source.Chat)
    return jids.phone(*(jids.of(side) for side in sides))


_TRANSLATIONS: Mapping[str, Callable[[Any, Jid | None], Event | None]] = {
    "PairStatus": _pair_status,
    "Connected": _connected,
    "Disconnected": _simple(EngineEvent.DISCONNECTED),
    "KeepAliveTimeout": _keepalive_timeout,
    "KeepAliveRestored": _simple(EngineEvent.KEEPALIVE_RESTORED),
    "StreamError": _stream_error,
    "StreamReplaced": _simple(EngineEvent.STREAM_REPLACED),
    "LoggedOut": _logged_out,
    "TemporaryBan": _temporary_ban,
    "ClientOutdated": _simple(EngineEvent.CLIENT_OUTDATED),
    "ConnectFailure": _connect_failure,
    "Message": _message,
    "Receipt": _receipt,
    "OfflineSyncCompleted": _simple(EngineEvent.PROOF),
}
