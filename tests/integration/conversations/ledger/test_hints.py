"""Each change sends hints over the channel layer that contain nothing but the session's id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction

from conversations.actions import queue_text
from conversations.ledger.gateway_ports import DatabaseMessageSink, DatabaseOutgoingQueue
from conversations.models import MessageStatus
from conversations.rules import checked_text
from core.text.phone_numbers import e164
from sessions_app.gateway.ports import Hint
from sessions_app.hints import GATEWAY_GROUP, hint_gateway, hint_text_waiting, session_group
from sessions_app.models import Session
from sessions_app.store.channel_hints import ChannelHints
from tests.factory import make_message
from tests.integration.conversations.ledger.arrivals import NOON, make_incoming, make_receipt
from tests.integration.conversations.ledger.conftest import run

TO = e164("+351912345678")
HELLO = checked_text("Hello")


async def _hints_of(session: Session, act: Callable[[], Awaitable[object]]) -> list[Any]:
    """Return the hints that viewers of ``session`` get while ``act`` runs."""
    return await _hints_to(session_group(session.pk), act)


async def _hints_to(group: str, act: Callable[[], Awaitable[object]]) -> list[Any]:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    await act()
    await layer.group_send(group, {"type": "end"})
    hints = []
    async with asyncio.timeout(10):
        while (hint := await layer.receive(channel))["type"] != "end":
            hints.append(hint)
    return hints


def _changed(session: Session) -> dict[str, str]:
    return {"type": "messages.changed", "session_id": str(session.pk)}


@pytest.mark.django_db(transaction=True)
def test_it_notifies_viewers_of_a_queued_text(session: Session) -> None:
    async def send() -> None:
        await sync_to_async(queue_text)(session, to=TO, text=HELLO, by="")

    assert async_to_sync(_hints_of)(session, send) == [_changed(session)]


@pytest.mark.django_db(transaction=True)
def test_it_wakes_the_gateway_after_the_commit(session: Session) -> None:
    def rolled_back() -> None:
        with transaction.atomic():
            queue_text(session, to=TO, text=HELLO, by="")
            transaction.set_rollback(True)

    async def act() -> None:
        await sync_to_async(rolled_back)()
        await sync_to_async(queue_text)(session, to=TO, text=HELLO, by="")

    hints = async_to_sync(_hints_to)(GATEWAY_GROUP, act)

    assert hints == [{"type": "text.waiting", "session_id": str(session.pk)}]


def test_it_distinguishes_texts_from_requests(session: Session) -> None:
    async def receive() -> list[Hint]:
        hints = ChannelHints()
        receiving = asyncio.create_task(hints.next())
        async with asyncio.timeout(10):
            while not receiving.done():  # until it has joined the group, hints are lost
                await sync_to_async(hint_text_waiting)(session.pk)
                await asyncio.wait({receiving}, timeout=0.1)
            await sync_to_async(hint_gateway)(Session, session_id=session.pk)
            first = second = await receiving
            while second == first:
                second = await hints.next()
            return [first, second]

    received = async_to_sync(receive)()

    assert received == [Hint(session.pk, text_waiting=True), Hint(session.pk)]


def test_it_notifies_viewers_of_a_message_once(session: Session) -> None:
    sink = DatabaseMessageSink(run)

    async def store_twice() -> None:
        for _ in range(2):
            await sink.store_message(session.pk, make_incoming())

    assert async_to_sync(_hints_of)(session, store_twice) == [_changed(session)]


def test_it_notifies_viewers_of_each_step(session: Session) -> None:
    sink, queue = DatabaseMessageSink(run), DatabaseOutgoingQueue(run)
    message = make_message(session, status=MessageStatus.SENDING)

    async def arrive() -> None:
        await queue.sent(message.pk, "3EB0A1", NOON)
        await queue.sent(message.pk, "3EB0A1", NOON)
        await sink.store_receipt(session.pk, make_receipt("3EB0A1", "3EB0UNKNOWN"))
        await sink.store_receipt(session.pk, make_receipt("3EB0A1"))

    assert async_to_sync(_hints_of)(session, arrive) == [_changed(session)] * 2


def test_it_notifies_viewers_of_failed_texts(session: Session) -> None:
    queue = DatabaseOutgoingQueue(run)
    make_message(session)

    async def fail_twice() -> None:
        for _ in range(2):
            await queue.fail_waiting(session.pk, "session_ended", "Unlinked.")

    assert async_to_sync(_hints_of)(session, fail_twice) == [_changed(session)]
