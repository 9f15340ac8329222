"""Texts that come in are stored before they are forgotten; texts that go out are never repeated."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.models import Direction, Message, MessageStatus
from sessions_app.engine.engine_events import MessageReceived
from sessions_app.engine.protocol import Command
from sessions_app.gateway.remote_client import SEND_SECONDS
from sessions_app.models import Session
from tests.factory import make_message
from tests.integration.sessions_app.gateway.scripted_engine import WHATSAPP_ID, ScriptedEngine
from tests.integration.sessions_app.gateway.stage import Stage

TEXT = MessageReceived(
    peer="+351922222222",
    chat="351922222222@s.whatsapp.net",
    whatsapp_id="3A0001",
    peer_name="Dora",
    text="Are you open today?",
    media=None,
    sent_at=1_790_000_000.0,
    from_me=False,
    key="entry-1",
)


def _incoming() -> int:
    return Message.objects.filter(direction=Direction.IN).count()


async def test_it_stores_a_text_before_the_journal_forgets(stage: Stage) -> None:
    engine = await stage.connected()
    stage.ledger.close()
    engine.report(TEXT)
    await stage.until(lambda: stage.ledger.waiting == 1)
    await stage.skip(10)  # the engine has answered two pings: it would have got the command

    assert engine.counts[Command.STORED] == 0
    stage.ledger.open()
    await stage.until(lambda: engine.counts[Command.STORED] == 1)
    assert engine.asked(Command.STORED)[0]["keys"] == [TEXT.key]
    assert await stage.read(_incoming) == 1


async def test_it_keeps_a_journal_when_it_ends_too_early(stage: Stage) -> None:
    engine = await stage.connected()
    stage.ledger.close()
    engine.report(TEXT)
    await stage.until(lambda: stage.ledger.waiting == 1)

    await stage.stop()

    assert not engine.alive
    assert engine.counts[Command.STORED] == 0
    assert await stage.read(_incoming) == 0


@pytest.fixture
def text(session: Session) -> Message:
    """A text that waits to be sent."""
    return make_message(session)


async def _sends(stage: Stage, engine: ScriptedEngine, count: int = 1) -> None:
    """Let the gateway poll until the engine has got ``count`` texts."""
    await stage.skip(2)
    await stage.until(lambda: engine.counts[Command.SEND] == count)


async def _status(stage: Stage) -> tuple[Any, ...]:
    return await stage.read(lambda: Message.objects.values_list("status", "whatsapp_id").get())


async def _until_status(stage: Stage, status: MessageStatus) -> None:
    await stage.until_row(lambda: Message.objects.filter(status=status).exists())


async def test_it_never_repeats_a_text_without_an_answer(text: Message, stage: Stage) -> None:
    engine = await stage.started()
    engine.mute.add(Command.SEND)
    await stage.connected()
    await _sends(stage, engine)
    stage.engines.sent[text.secret] = WHATSAPP_ID

    await stage.skip(SEND_SECONDS + 1)
    await _until_status(stage, MessageStatus.UNCONFIRMED)
    await stage.connected(2)
    await stage.skip(30)

    assert await _status(stage) == (MessageStatus.UNCONFIRMED, WHATSAPP_ID)
    assert sum(one.counts[Command.SEND] for one in stage.engines.running) == 1


async def test_it_sends_a_text_that_was_not_begun(text: Message, stage: Stage) -> None:
    engine = await stage.started()
    engine.mute.add(Command.SEND)
    await stage.connected()
    await _sends(stage, engine)

    engine.mute.clear()
    await stage.skip(SEND_SECONDS + 1)
    await stage.connected(2)
    await _until_status(stage, MessageStatus.SENT)

    sent = [one for played in stage.engines.running for one in played.asked(Command.SEND)]
    assert [one["secret"] for one in sent] == [text.secret] * 2


@pytest.mark.parametrize("begun", [True, False])
async def test_it_settles_a_text_before_the_next_start(
    text: Message, stage: Stage, begun: bool
) -> None:
    first = await stage.started()
    first.mute.add(Command.SEND)
    await stage.connected()
    await _sends(stage, first)
    if begun:
        stage.engines.sent[text.secret] = WHATSAPP_ID
    first.kill()
    second = await stage.connected(2)

    assert second is not first
    kinds = [one["type"] for one in second.commands]
    assert kinds.index(Command.FIND_SENT) < kinds.index(Command.START)
    await _until_status(stage, MessageStatus.UNCONFIRMED if begun else MessageStatus.SENT)
    assert second.counts[Command.SEND] == (0 if begun else 1)
