"""Translation of the library's events into ours. Pure: takes objects with the library's field
names and returns an ``EngineEvent``, or None for what the gateway does not need.

The receipt types and failure reasons are enumerations of the library. The tables below map them
to WhatsApp's own numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sessions_app.engine import jids, message_content
from sessions_app.engine.engine_events import (
    ClientOutdated,
    Connected,
    ConnectFailure,
    Disconnected,
    EngineEvent,
    KeepaliveRestored,
    KeepaliveTimeout,
    LoggedOut,
    MessageReceived,
    PairError,
    PairSuccess,
    ProofOfLife,
    QrShown,
    QrTimeout,
    ReceiptReceived,
    StreamError,
    StreamReplaced,
    TemporaryBan,
)
from sessions_app.engine.jids import Jid

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


def qr(text: str, number: int, now: float) -> QrShown:
    """Return the event of the ``number``-th QR code of a pairing (from 1), shown at ``now`` (Unix
    time). WhatsApp gives six: the first is valid for 60 s, the others for 20 s each."""
    seconds = FIRST_QR_SECONDS if number == 1 else NEXT_QR_SECONDS
    return QrShown(text, number, of=max(QR_COUNT, number), expires_at=now + seconds)


def login(status: str) -> EngineEvent | None:
    """Return the event for the library's login status, or None if another event follows."""
    if status == "timeout":
        return QrTimeout()
    if status == "err-client-outdated":
        return ClientOutdated()
    if status in ("success", "err-scanned-without-multidevice"):
        return None  # PairSuccess follows, or the scanned QR code stays valid
    return PairError(status)


def translate(name: str, event: Any, me: Jid | None) -> EngineEvent | None:
    """Return our event for the library's ``event`` called ``name``, or None if the gateway does
    not need it. ``me`` is the address of the linked device."""
    translation = _TRANSLATIONS.get(name)
    return translation(event, me) if translation else None


def _constant(event: EngineEvent) -> Callable[[Any, Jid | None], EngineEvent]:
    return lambda _event, _me: event


def _pair_status(event: Any, me: Jid | None) -> EngineEvent:
    if event.Status != _PAIRED:
        return PairError("error")
    jid = jids.of(event.ID)
    return PairSuccess(jids.text(jid), jids.phone(jid))


def _connected(event: Any, me: Jid | None) -> EngineEvent | None:
    return Connected(jids.text(me), jids.phone(me)) if me else None


def _keepalive_timeout(event: Any, me: Jid | None) -> EngineEvent:
    return KeepaliveTimeout(int(event.ErrorCount))


def _stream_error(event: Any, me: Jid | None) -> EngineEvent:
    return StreamError(str(event.Code)[:20])


def _logged_out(event: Any, me: Jid | None) -> EngineEvent:
    return LoggedOut(_FAILURES.get(event.Reason, "401"))


def _temporary_ban(event: Any, me: Jid | None) -> EngineEvent:
    return TemporaryBan(_BANS.get(event.Code, "unknown"), int(event.Expire))


def _connect_failure(event: Any, me: Jid | None) -> EngineEvent:
    return ConnectFailure(_FAILURES.get(event.Reason, "unknown"))


def _message(event: Any, me: Jid | None) -> EngineEvent | None:
    """Return a message of a one-to-one chat. For groups, broadcasts, channels and messages without
    readable content, return a ProofOfLife if the number's own phone wrote it, else None."""
    source = event.Info.MessageSource
    sent_at = event.Info.Timestamp / 1000
    phone_at = sent_at if _is_own_phone(source) else None
    content = message_content.content(event.Message) if _is_one_to_one(source) else None
    if content is None:
        return None if phone_at is None else ProofOfLife(phone_at)
    return MessageReceived(
        whatsapp_id=event.Info.ID,
        peer=_peer(source),
        peer_name="" if source.IsFromMe else event.Info.Pushname,
        text=content.text,
        media=content.media,
        sent_at=sent_at,
        from_me=bool(source.IsFromMe),
        chat=jids.text(jids.of(source.Chat)),
        phone_at=phone_at,
    )


def _receipt(event: Any, me: Jid | None) -> EngineEvent:
    """Return a receipt for a message of ours. Any other receipt is still a proof of life."""
    status = _RECEIPTS.get(event.Type)
    source = event.MessageSource
    at = float(event.Timestamp)
    if status is None or source.IsFromMe or not _is_one_to_one(source):
        return ProofOfLife(at if _is_own_phone(source) else None)
    return ReceiptReceived(
        whatsapp_ids=tuple(event.MessageIDs),
        peer=_peer(source),
        status=status,
        sent_at=at,
        chat=jids.text(jids.of(source.Chat)),
    )


def _is_own_phone(source: Any) -> bool:
    """Whether the number's own phone did this: it is device 0 of the account. All other devices
    are linked to it, like ours."""
    return bool(source.IsFromMe and source.Sender.Device == 0)


def _is_one_to_one(source: Any) -> bool:
    servers = (jids.PHONE_SERVER, jids.LID_SERVER)
    return not source.IsGroup and source.Chat.Server in servers


def _peer(source: Any) -> str:
    """Return the other side's number. WhatsApp addresses users by number or by a hidden id (LID),
    and gives the other form beside it."""
    if source.IsFromMe:
        return jids.phone(jids.of(source.Chat), jids.of(source.RecipientAlt))
    sides = (source.Sender, source.SenderAlt, source.Chat)
    return jids.phone(*(jids.of(side) for side in sides))


_TRANSLATIONS: Mapping[str, Callable[[Any, Jid | None], EngineEvent | None]] = {
    "PairStatus": _pair_status,
    "Connected": _connected,
    "Disconnected": _constant(Disconnected()),
    "KeepAliveTimeout": _keepalive_timeout,
    "KeepAliveRestored": _constant(KeepaliveRestored()),
    "StreamError": _stream_error,
    "StreamReplaced": _constant(StreamReplaced()),
    "LoggedOut": _logged_out,
    "TemporaryBan": _temporary_ban,
    "ClientOutdated": _constant(ClientOutdated()),
    "ConnectFailure": _connect_failure,
    "Message": _message,
    "Receipt": _receipt,
    "OfflineSyncCompleted": _constant(ProofOfLife()),
}
