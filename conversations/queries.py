"""What the pages read of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from conversations.models import Message

SHOWN = 30


@dataclass(frozen=True)
class MessagePage:
    """A page of messages, newest first; ``older`` is the id to go on before, None at the end."""

    rows: list[Message]
    older: UUID | None


def listed(session_id: UUID, asked: Mapping[str, Any]) -> QuerySet[Any]:
    """The session's messages, by what ``asked`` has of direction, status and since. The caller
    has been through the door."""
    rows = Message.objects.of_session(session_id)
    exactly = {name: asked[name] for name in ("direction", "status") if name in asked}
    rows = rows.filter(**exactly)
    return rows.filter(created_at__gte=asked["since"]) if "since" in asked else rows


def messages_of(session_id: UUID, before: str = "") -> MessagePage:
    """The session's latest messages, or those older than the message with the id ``before``; an
    id that is no message of the session's is left out. The caller has been through the door."""
    rows = Message.objects.of_session(session_id)
    last = rows.filter(pk=before).first() if _is_id(before) else None
    if last is not None:
        earlier = Q(created_at=last.created_at, id__lt=last.pk)
        rows = rows.filter(Q(created_at__lt=last.created_at) | earlier)
    found = list(rows[: SHOWN + 1])
    return MessagePage(found[:SHOWN], found[SHOWN - 1].pk if len(found) > SHOWN else None)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
