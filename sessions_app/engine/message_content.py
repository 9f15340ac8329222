"""Extracts the text of a WhatsApp message, and the kind of its medium. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple


class Content(NamedTuple):
    text: str
    media: str | None  # "image", "video", …, or None for a plain text


_WRAPPERS = (
    "deviceSentMessage",
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
)
_MEDIA = {  # field → (kind, the field inside it that users read)
    "imageMessage": ("image", "caption"),
    "videoMessage": ("video", "caption"),
    "ptvMessage": ("video", "caption"),
    "audioMessage": ("audio", ""),
    "documentMessage": ("document", "caption"),
    "stickerMessage": ("sticker", ""),
    "lottieStickerMessage": ("sticker", ""),
    "locationMessage": ("location", "name"),
    "liveLocationMessage": ("location", "caption"),
    "contactMessage": ("contact", "displayName"),
    "contactsArrayMessage": ("contact", "displayName"),
    "pollCreationMessage": ("poll", "name"),
    "pollCreationMessageV2": ("poll", "name"),
    "pollCreationMessageV3": ("poll", "name"),
    "eventMessage": ("event", "name"),
}
_ANSWERS = {  # an answer to buttons or a list: the field that users saw
    "buttonsResponseMessage": "selectedDisplayText",
    "templateButtonReplyMessage": "selectedDisplayText",
    "listResponseMessage": "title",
}


def content(message: Any) -> Content | None:
    """Return the content of ``message`` (WhatsApp's own message type), or None if it has nothing
    to read: reactions, edits, deletions, key exchange and the like."""
    for wrapper in _WRAPPERS:
        if message.HasField(wrapper):
            return content(getattr(message, wrapper).message)
    if message.conversation:
        return Content(message.conversation, None)
    if message.HasField("extendedTextMessage"):
        return Content(message.extendedTextMessage.text, None)
    for field, (kind, text) in _MEDIA.items():
        if message.HasField(field):
            return Content(getattr(getattr(message, field), text) if text else "", kind)
    for field, text in _ANSWERS.items():
        if message.HasField(field):
            return Content(getattr(getattr(message, field), text), None)
    return None
