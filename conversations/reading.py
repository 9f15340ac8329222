"""What the pages read of messages."""

from __future__ import annotations

from uuid import UUID

from conversations.models import Message

SHOWN = 30


def recent_messages(session_id: UUID) -> list[Message]:
    """The session's latest messages, newest first. The caller has been through the door."""
    return list(Message.objects.filter(session_id=session_id)[:SHOWN])
