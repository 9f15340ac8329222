"""The payloads of webhooks, built when they are sent, so that the delivery log contains neither
messages nor codes. If the subject no longer exists, nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from conversations.models import Message
from notifications.models import Delivery, WebhookEvent, WebhookFormat
from notifications.webhooks import slack
from sessions_app.models import Session

MAX_BODY_BYTES = 256 * 1024
_TEXT_WHEN_TOO_LARGE = 32 * 1024  # characters; each takes at most six bytes


class Gone(Exception):
    """The subject of the event no longer exists. ``str()`` is a sentence for users."""


def body_of(delivery: Delivery, form: str = WebhookFormat.PAIRLINE) -> bytes:
    """Return the body of ``delivery`` in the format ``form``: JSON in UTF-8, at most
    ``MAX_BODY_BYTES``. Raises Gone."""
    data = _data(delivery)
    if form == WebhookFormat.SLACK:
        return json.dumps(slack.message(data), ensure_ascii=False).encode()
    body = _json(delivery, data)
    if len(body) > MAX_BODY_BYTES and "text" in data:
        short = {**data, "text": data["text"][:_TEXT_WHEN_TOO_LARGE], "text_truncated": True}
        body = _json(delivery, short)
    return body


def _json(delivery: Delivery, data: Mapping[str, Any]) -> bytes:
    event = {
        "id": delivery.event_id,
        "type": delivery.kind,
        "created_at": delivery.created_at,
        "account": delivery.account_id,
        "data": data,
    }
    return json.dumps(event, cls=DjangoJSONEncoder, ensure_ascii=False).encode()


def _data(delivery: Delivery) -> dict[str, Any]:
    if delivery.kind == WebhookEvent.MESSAGE_RECEIVED:
        return _received(_message_of(delivery))
    if delivery.kind == WebhookEvent.MESSAGE_RECEIPT:
        return _receipt(_message_of(delivery), delivery.payload)
    if delivery.kind == WebhookEvent.SESSION_QR:
        return {**delivery.payload, "text": _code_of(delivery)}
    return dict(delivery.payload)


def _message_of(delivery: Delivery) -> Message:
    rows = Message.objects.select_related("session__location")
    ours = rows.filter(account_id=delivery.account_id)
    message: Message | None = ours.filter(pk__in=[delivery.message_id]).first()
    if message is None:
        raise Gone("The message no longer exists.")
    return message


def _received(message: Message) -> dict[str, Any]:
    return {
        "message": message.pk,
        "session": message.session_id,
        "location": message.session.location_id,
        "location_name": message.session.location.name,
        "to": message.session.phone_number,
        "from": message.peer,
        "from_name": message.peer_name,
        "text": message.text,
        "media": message.media,
        "whatsapp_id": message.whatsapp_id,
        "sent_at": message.sent_at,
    }


def _receipt(message: Message, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the status at the time of the event; the row may have changed since."""
    failed = recorded["status"] == "failed"
    return {
        "message": message.pk,
        "session": message.session_id,
        "location": message.session.location_id,
        "status": recorded["status"],
        "to": message.peer,
        "whatsapp_id": message.whatsapp_id,
        "error": {"code": message.error_code, "sentence": message.error} if failed else None,
        "sent_at": message.sent_at,
        "delivered_at": message.delivered_at,
        "read_at": message.read_at,
    }


def _code_of(delivery: Delivery) -> str:
    """Return the text of the code that the event was about. Raises Gone."""
    ours = Session.objects.filter(account_id=delivery.account_id)
    row: Session | None = ours.filter(pk__in=[delivery.session_id]).first()
    shown = {"expires_at": row.qr_expires_at} if row else {}
    if row is None or not row.qr_text or not _same_moment(shown, delivery.payload):
        raise Gone("The code is no longer shown. A newer code has its own event.")
    return str(row.qr_text)


def _same_moment(shown: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    """Return whether both have the same expiry as JSON: each code has its own."""
    return bool(
        json.loads(json.dumps(shown, cls=DjangoJSONEncoder))["expires_at"] == recorded["expires_at"]
    )
