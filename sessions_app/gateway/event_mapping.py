"""What an engine's event means for a session: pure, after the measured mapping of whatsmeow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sessions_app.engine.protocol import EngineEvent, ProtocolError, StartFailure, field
from sessions_app.gateway.ports import Change, IncomingMessage, Receipt
from sessions_app.lifecycle import Event

WHATSAPP = "WhatsApp"
KEEPALIVES_UNTIL_LOST = 3  # about 100 s without an answer
TEMP_BAN_MARGIN = timedelta(minutes=1)
PHONE_EVERY = timedelta(hours=1)

_LOGGED_OUT: Mapping[str, Event] = {
    "401": Event.LOGGED_OUT,
    "403": Event.ACCOUNT_LOCKED,
    "406": Event.ACCOUNT_BANNED,
}
_START_FAILURES: Mapping[str, Event] = {
    StartFailure.CLOCK: Event.CLOCK_WRONG,
    StartFailure.KEYS_MISSING: Event.KEYS_MISSING,
    StartFailure.KEYS_DAMAGED: Event.KEYS_DAMAGED,
    StartFailure.STORAGE_FULL: Event.STORAGE_FULL,
    StartFailure.PROXY: Event.PROXY_FAILED,
}


def start_failure(message: Mapping[str, Any]) -> Event:
    """The event of a failed start; what is not known is taken for an unreachable WhatsApp."""
    return _START_FAILURES.get(str(message.get("code")), Event.CONNECT_FAILED)


def logged_out(message: Mapping[str, Any]) -> Event:
    """Removed by the phone, locked or banned."""
    return _LOGGED_OUT.get(str(message.get("detail")), Event.LOGGED_OUT)


def keepalive(message: Mapping[str, Any]) -> Event:
    """Slow at first, lost from the third silence on."""
    count = field(message, "count", int)
    return Event.KEEPALIVE_LOST if count >= KEEPALIVES_UNTIL_LOST else Event.KEEPALIVE_SLOW


def qr_change(message: Mapping[str, Any], pairing_code: str) -> Change:
    """A new code on the screen, beside the pairing code if one is shown."""
    number, of = field(message, "number", int), field(message, "of", int)
    return Change(
        Event.PAIR_CODE if pairing_code else Event.QR_CODE,
        WHATSAPP,
        f"{number} of {of}",
        {
            "qr_text": field(message, "text", str),
            "qr_number": number,
            "qr_of": of,
            "qr_expires_at": moment(field(message, "expires_at", (int, float))),
            "pairing_code": pairing_code,
        },
    )


def identity(message: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that say which device of which number we are."""
    return {"jid": field(message, "jid", str), "phone_number": field(message, "phone", str)}


def temp_ban(message: Mapping[str, Any], now: datetime) -> Change:
    """Blocked until a moment that WhatsApp names; we come back a little later."""
    until = now + timedelta(seconds=float(field(message, "seconds", (int, float))))
    return Change(
        Event.TEMP_BAN,
        WHATSAPP,
        f"code {message.get('detail', '')}",
        {"next_retry_at": until + TEMP_BAN_MARGIN},
    )


def incoming(message: Mapping[str, Any]) -> IncomingMessage:
    """The message of a ``message`` event."""
    media = message.get("media")
    return IncomingMessage(
        whatsapp_id=field(message, "whatsapp_id", str),
        peer=field(message, "peer", str),
        peer_name=field(message, "peer_name", str),
        text=field(message, "text", str),
        media=media if isinstance(media, str) else None,
        from_me=field(message, "from_me", bool),
        sent_at=moment(field(message, "sent_at", (int, float))),
    )


def receipt(message: Mapping[str, Any]) -> Receipt:
    """The receipt of a ``receipt`` event."""
    return Receipt(
        whatsapp_ids=tuple(str(one) for one in field(message, "whatsapp_ids", list)),
        peer=field(message, "peer", str),
        status=field(message, "status", str),
        at=moment(field(message, "sent_at", (int, float))),
    )


def phone_seen(
    message: Mapping[str, Any], known: datetime | None, now: datetime
) -> datetime | None:
    """When the number's own phone did what this event tells of, if that is worth a write: at
    least ``PHONE_EVERY`` after it was ``known`` to have been there. Never later than ``now``, but
    maybe long ago: what it did while we were away is told afterwards."""
    if "phone_at" not in message:
        return None
    at = float(field(message, "phone_at", (int, float)))
    if not at >= 0:  # which NaN is not, either
        raise ProtocolError("event: phone_at is no time")
    seen = moment(min(at, now.timestamp()))
    return seen if known is None or seen - known >= PHONE_EVERY else None


def moment(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(float(unix_seconds), UTC)


# What proves that the link is alive, whatever else it means.
EVIDENCE = frozenset(
    {
        EngineEvent.CONNECTED,
        EngineEvent.KEEPALIVE_RESTORED,
        EngineEvent.MESSAGE,
        EngineEvent.RECEIPT,
        EngineEvent.PROOF,
    }
)
