"""The text that a phone displays for a message."""

from __future__ import annotations

from typing import Any

MEDIA = ("image", "video", "audio", "document", "sticker")


def displayed_text(message: Any) -> str | None:
    """Return the text that a phone displays for a message, or None for a message without one."""
    if message.conversation:
        return str(message.conversation)
    if message.extendedTextMessage.text:
        return str(message.extendedTextMessage.text)
    for kind in MEDIA:
        if message.HasField(f"{kind}Message"):
            caption = getattr(getattr(message, f"{kind}Message"), "caption", "")
            return f"[{kind}] {caption}".strip()
    if message.HasField("reactionMessage"):
        return f"[reaction] {message.reactionMessage.text}"
    return None
