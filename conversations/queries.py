"""Queries for messages."""

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
    """A page of messages, newest first. ``older`` is the ``before`` of the next page, or None."""

    rows: list[Message]
    older: UUID | None


def listed(session_id: UUID, filters: Mapping[str, Any]) -> QuerySet[Any]:
    """Return the session's messages. ``filters`` may contain direction, status and since. The
    caller has checked access."""
    rows = Message.objects.of_session(session_id)
    exact = {name: filters[name] for name in ("direction", "status") if name in filters}
    rows = rows.filter(**exact)
    return rows.filter(created_at__gte=filters["since"]) if "since" in filters else rows


def messages_of(session_id: UUID, before: str = "") -> MessagePage:
    """Return the session's latest messages, or those older than the message with the id
    ``before``, which is ignored if it belongs to no message of the session. The caller has
    checked access."""
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
