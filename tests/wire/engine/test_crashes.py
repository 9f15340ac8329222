"""Kills of engine and gateway, in any order: nothing that reached us is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from sessions_app.engine import journal
from sessions_app.engine.protocol import Command
from tests.wire.engine.conftest import Launch, Linked
from tests.wire.engine.driver import Engine, Run, Simulator


async def connected(engine: Engine, linked: Linked, kept: Path) -> Run:
    run = await engine.start(linked.store, linked.jid, journal=kept)
    await run.until("connected")
    return run


@pytest.mark.parametrize("deaf", [False, True], ids=["gateway alive", "gateway frozen"])
async def test_it_loses_no_message_when_it_is_killed(
    launch: Launch, simulator: Simulator, linked: Linked, tmp_path: Path, deaf: bool
) -> None:
    """What the library has handed over is in the journal; what it has not taken from WhatsApp
    yet comes later. (Between the two there is a moment of the library's own: it acknowledges
    a message before it hands it over.)"""
    kept = tmp_path / "journal"
    engine = await launch()
    await connected(engine, linked, kept)
    bob = simulator.phone("Bob")
    if deaf:
        engine.deafen()
    texts = [f"message {number}" for number in range(30)]
    await write_all(simulator, bob, linked.number, texts[:20])
    await engine.poll(lambda: len(journal.read(read(kept))) == 20, "twenty messages")
    await engine.kill()
    await write_all(simulator, bob, linked.number, texts[20:])
    after = await launch()
    run = await after.start(linked.store, linked.jid, journal=kept)
    await run.until("message", lambda said: said["text"] == texts[-1])
    assert [said["text"] for said in after.heard("message")] == texts


async def write_all(simulator: Simulator, sender: str, to: str, texts: list[str]) -> None:
    for text in texts:
        path = f"/api/phones/{sender[1:]}/send"
        await asyncio.to_thread(simulator.call, "POST", path, to=to, text=text)


def read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


async def test_it_tells_after_a_crash_what_had_gone_out(
    launch: Launch, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """The engine is killed while WhatsApp holds back its acknowledgement: did it go out?"""
    engine = await launch()
    run = await connected(engine, linked, tmp_path / "journal")
    bob = simulator.phone("Bob")
    simulator.call("POST", "/api/faults", kind="hold_acks", number=linked.number)
    sent, never = os.urandom(32).hex(), os.urandom(32).hex()
    engine.say(Command.SEND, id="1", run=run.name, to=bob, text="Did this go out?", secret=sent)
    receipt = await run.until("receipt")
    await engine.kill()
    after = await launch()
    answer = await after.call(
        Command.FIND_SENT, run="-", store=str(linked.store), secrets=[sent, never]
    )
    assert answer["found"] == {sent: receipt["whatsapp_ids"][0]}


async def test_it_finds_what_was_sent_while_the_number_is_running(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    run = await connected(engine, linked, tmp_path / "journal")
    secret = os.urandom(32).hex()
    sent = await run.call(Command.SEND, to=simulator.phone(), text="Hi", secret=secret)
    found = await engine.call(Command.FIND_SENT, run="-", store=str(linked.store), secrets=[secret])
    assert found["found"] == {secret: sent["whatsapp_id"]}
    assert (await run.call(Command.PROOF))["ok"]


async def test_it_brings_its_numbers_back_in_another_engine(
    launch: Launch, linked: Linked, tmp_path: Path
) -> None:
    engine = await launch()
    await connected(engine, linked, tmp_path / "journal")
    started = time.monotonic()
    engine.process.send_signal(signal.SIGKILL)
    assert await engine.ended() == -signal.SIGKILL
    again = await connected(await launch(), linked, tmp_path / "journal")
    assert time.monotonic() - started < 5
    assert (await again.call(Command.PROOF))["ok"]
