"""Hints over the channel layer: who should look at which session again. The only group_send.

A hint carries an id and a version, never a QR code, a key or a message. Losing one costs a
second (the gateway's next look, the page's next poll), never correctness.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.dispatch import receiver

from locations.signals import members_changed, standing_changed
from sessions_app.gateway.ports import ALL_SESSIONS
from sessions_app.signals import session_wanted

logger = logging.getLogger(__name__)

GATEWAY_GROUP = "gateway"


def session_group(session_id: uuid.UUID) -> str:
    """The group of those who look at one session."""
    return f"session.{session_id.hex}"


def account_group(account_id: uuid.UUID) -> str:
    """The group of those who look at all sessions of one account."""
    return f"account.{account_id.hex}"


def news_group(account_id: uuid.UUID) -> str:
    """The group of all open pages about an account, whatever they show of it."""
    return f"news.{account_id.hex}"


def user_group(user_id: uuid.UUID) -> str:
    """The group of one person's open pages, whatever they show."""
    return f"user.{user_id.hex}"


async def send_hint(group: str, hint: dict[str, Any]) -> None:
    """Send ``hint`` to ``group``; a channel layer that is down is logged and survived."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(group, hint)
    except Exception:  # the layer's client may raise anything when its server is away
        logger.warning("A hint could not be sent; pages follow by polling", exc_info=True)


@receiver(session_wanted)
def hint_gateway(sender: object, session_id: uuid.UUID, **kwargs: object) -> None:
    async_to_sync(send_hint)(
        GATEWAY_GROUP, {"type": "session.wanted", "session_id": str(session_id)}
    )


@receiver(standing_changed)
def hint_gateway_of_all(sender: object, **kwargs: object) -> None:
    async_to_sync(send_hint)(
        GATEWAY_GROUP, {"type": "session.wanted", "session_id": str(ALL_SESSIONS)}
    )


@receiver(members_changed)
def hint_person(sender: object, user_id: uuid.UUID, **kwargs: object) -> None:
    """His open pages look again whether they are still his."""
    async_to_sync(send_hint)(user_group(user_id), {"type": "access.changed"})


async def hint_viewers(session_id: uuid.UUID, account_id: uuid.UUID, version: int) -> None:
    """Tell the viewers of a session, and of its account's list, that it has a new version."""
    hint = {"type": "session.changed", "session_id": str(session_id), "version": version}
    await send_hint(session_group(session_id), hint)
    await send_hint(account_group(account_id), hint)


async def hint_news(account_id: uuid.UUID) -> None:
    """Tell the open pages of an account that there is something new under their bells."""
    await send_hint(news_group(account_id), {"type": "news.changed"})


def hint_read(user_id: uuid.UUID) -> None:
    """Tell a person's other open pages that he has read the news. For synchronous code."""
    async_to_sync(send_hint)(user_group(user_id), {"type": "news.changed"})


async def hint_messages(session_id: uuid.UUID) -> None:
    """Tell the viewers of a session that its messages have changed."""
    await send_hint(
        session_group(session_id), {"type": "messages.changed", "session_id": str(session_id)}
    )
