"""Viewers hear of each change over the channel layer, and nothing but the session's id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer

from conversations.actions import queue_text
from conversations.ledger.gateway_ports import DatabaseMessageSink, DatabaseOutgoingQueue
from conversations.models import MessageStatus
from sessions_app.hints import session_group
from sessions_app.models import Session
from tests.factory import make_message
from tests.integration.conversations.ledger.arrivals import NOON, make_incoming, make_receipt
from tests.integration.conversations.ledger.conftest import run


async def _hints_of(session: Session, act: Callable[[], Awaitable[object]]) -> list[Any]:
    """The hints that viewers of ``session`` get while ``act`` runs."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(session_group(session.pk), channel)
    await act()
    await layer.group_send(session_group(session.pk), {"type": "end"})
    hints = []
    async with asyncio.timeout(10):
        while (hint := await layer.receive(channel))["type"] != "end":
            hints.append(hint)
    return hints


def _changed(session: Session) -> dict[str, str]:
    return {"type": "messages.changed", "session_id": str(session.pk)}


@pytest.mark.django_db(transaction=True)
def test_viewers_hear_of_a_text_that_waits(session: Session) -> None:
    async def send() -> None:
        await sync_to_async(queue_text)(session, to="+351912345678", text="Hello", by="")

    assert async_to_sync(_hints_of)(session, send) == [_changed(session)]


def test_viewers_hear_of_a_message_once(session: Session) -> None:
    sink = DatabaseMessageSink(run)

    async def store_twice() -> None:
        for _ in range(2):
            await sink.store_message(session.pk, make_incoming())

    assert async_to_sync(_hints_of)(session, store_twice) == [_changed(session)]


def test_viewers_hear_of_each_step_of_a_text(session: Session) -> None:
    sink, queue = DatabaseMessageSink(run), DatabaseOutgoingQueue(run)
    message = make_message(session, status=MessageStatus.SENDING)

    async def arrive() -> None:
        await queue.sent(message.pk, "3EB0A1", NOON)
        await queue.sent(message.pk, "3EB0A1", NOON)
        await sink.store_receipt(session.pk, make_receipt("3EB0A1", "3EB0UNKNOWN"))
        await sink.store_receipt(session.pk, make_receipt("3EB0A1"))

    assert async_to_sync(_hints_of)(session, arrive) == [_changed(session)] * 2


def test_viewers_hear_that_waiting_texts_have_failed(session: Session) -> None:
    queue = DatabaseOutgoingQueue(run)
    make_message(session)

    async def fail_twice() -> None:
        for _ in range(2):
            await queue.fail_waiting(session.pk, "session_ended", "Unlinked.")

    assert async_to_sync(_hints_of)(session, fail_twice) == [_changed(session)]
