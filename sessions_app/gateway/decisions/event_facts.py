"""The facts in engine events: signs of life, messages and receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sessions_app.engine import engine_events as engine
from sessions_app.gateway.ports import IncomingMessage, Receipt

PHONE_INTERVAL = timedelta(hours=1)

_PROOFS_OF_LIFE = (
    engine.Connected,
    engine.KeepaliveRestored,
    engine.MessageReceived,
    engine.ReceiptReceived,
    engine.ProofOfLife,
)


def proves_life(event: object) -> bool:
    """Whether ``event`` proves that the connection works, whatever else it means."""
    return isinstance(event, _PROOFS_OF_LIFE)


def phone_seen(event: object, known: datetime | None, now: datetime) -> datetime | None:
    """Return when the number's own phone caused ``event``, or None if that is not worth a write:
    less than ``PHONE_INTERVAL`` after ``known``. Never later than ``now``, but possibly long ago,
    because WhatsApp reports what happened while we were offline."""
    if not isinstance(event, engine.MessageReceived | engine.ProofOfLife):
        return None
    if event.phone_at is None:
        return None
    seen = moment(min(event.phone_at, now.timestamp()))
    return seen if known is None or seen - known >= PHONE_INTERVAL else None


def incoming_message(event: engine.MessageReceived) -> IncomingMessage:
    """Return the message to store. One without an id gets its key in the journal instead, so that
    a replay does not store it again."""
    return IncomingMessage(
        whatsapp_id=event.whatsapp_id or event.key,
        peer=event.peer,
        peer_name=event.peer_name,
        text=event.text,
        media=event.media,
        from_me=event.from_me,
        sent_at=moment(event.sent_at),
    )


def receipt(event: engine.ReceiptReceived) -> Receipt:
    """Return the receipt to store."""
    return Receipt(event.whatsapp_ids, event.peer, event.status, moment(event.sent_at))


def moment(unix_seconds: float) -> datetime:
    """Return the aware time for a Unix time."""
    return datetime.fromtimestamp(float(unix_seconds), UTC)
