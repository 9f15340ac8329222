"""Hints over the channel layer: which session the gateway or a page should read again.

Every ``group_send`` of the product is in this module. A hint contains ids and a version, never a
QR code, a key or a message. A lost hint costs a second or a poll interval, never correctness: the
gateway and the pages also poll.
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
SESSION_WANTED, TEXT_WAITING = "session.wanted", "text.waiting"


def session_group(session_id: uuid.UUID) -> str:
    """Return the group of the pages that show one session."""
    return f"session.{session_id.hex}"


def account_group(account_id: uuid.UUID) -> str:
    """Return the group of the pages that list the sessions of an account."""
    return f"account.{account_id.hex}"


def notices_group(account_id: uuid.UUID) -> str:
    """Return the group of all open pages of an account, whatever they show."""
    return f"notices.{account_id.hex}"


def user_group(user_id: uuid.UUID) -> str:
    """Return the group of all open pages of a user, whatever they show."""
    return f"user.{user_id.hex}"


async def send_hint(group: str, hint: dict[str, Any]) -> None:
    """Send ``hint`` to ``group``. If the channel layer is down, log that and return."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(group, hint)
    except Exception:  # a client whose server is away may raise anything
        logger.warning("A hint could not be sent; pages update by polling", exc_info=True)


@receiver(session_wanted)
def hint_gateway(sender: object, session_id: uuid.UUID, **kwargs: object) -> None:
    """Have the gateway read a session again."""
    hint = {"type": SESSION_WANTED, "session_id": str(session_id)}
    async_to_sync(send_hint)(GATEWAY_GROUP, hint)


@receiver(standing_changed)
def hint_gateway_of_all(sender: object, **kwargs: object) -> None:
    """Have the gateway read all sessions again."""
    hint = {"type": SESSION_WANTED, "session_id": str(ALL_SESSIONS)}
    async_to_sync(send_hint)(GATEWAY_GROUP, hint)


@async_to_sync
async def hint_text_waiting(session_id: uuid.UUID) -> None:
    """Have the gateway send the waiting texts of a session, and its viewers reload its messages.

    The session itself has not changed, so the gateway does not read it again. For synchronous
    code."""
    await send_hint(GATEWAY_GROUP, {"type": TEXT_WAITING, "session_id": str(session_id)})
    await hint_messages(session_id)


@receiver(members_changed)
def hint_member(
    sender: object, account_id: uuid.UUID, user_id: uuid.UUID, **kwargs: object
) -> None:
    """Have the open pages of a user check that user's access again, and those of the account: some
    belong to one-time links of the user."""
    hint = {"type": "access.changed"}
    async_to_sync(send_hint)(user_group(user_id), hint)
    async_to_sync(send_hint)(account_group(account_id), hint)


async def hint_viewers(session_id: uuid.UUID, account_id: uuid.UUID, version: int) -> None:
    """Notify the pages of a session, and of its account's list, of the new ``version``."""
    hint = {"type": "session.changed", "session_id": str(session_id), "version": version}
    await send_hint(session_group(session_id), hint)
    await send_hint(account_group(account_id), hint)


async def hint_notices(account_id: uuid.UUID) -> None:
    """Have the open pages of an account reload their number of unread notices."""
    await send_hint(notices_group(account_id), {"type": "notices.changed"})


def hint_read(user_id: uuid.UUID) -> None:
    """Have the other open pages of a user, who has read the notices, reload their number of
    unread notices. For synchronous code."""
    async_to_sync(send_hint)(user_group(user_id), {"type": "notices.changed"})


async def hint_messages(session_id: uuid.UUID) -> None:
    """Have the pages of a session reload its messages."""
    await send_hint(
        session_group(session_id), {"type": "messages.changed", "session_id": str(session_id)}
    )
