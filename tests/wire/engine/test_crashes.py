"""Crashes of the engine and the gateway: no received message is lost."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from sessions_app.engine import journal
from sessions_app.engine.engine_events import MessageReceived
from sessions_app.engine.protocol import Command
from tests.wire.engine.conftest import Launch, Linked
from tests.wire.engine.driver import Engine, Run, Simulator


async def connected(engine: Engine, linked: Linked, kept: Path) -> Run:
    run = await engine.start(linked.store, linked.jid, journal=kept)
    await run.until("connected")
    return run


@pytest.mark.parametrize("frozen", [False, True], ids=["gateway alive", "gateway frozen"])
async def test_it_loses_no_message_when_killed(
    launch: Launch, simulator: Simulator, linked: Linked, tmp_path: Path, frozen: bool
) -> None:
    """Messages that the library has delivered are in the journal. WhatsApp redelivers messages
    that the library has not acknowledged. (There is a short gap: the library acknowledges a
    message before it delivers it.)"""
    kept = tmp_path / "journal"
    engine = await launch()
    await connected(engine, linked, kept)
    bob = simulator.phone("Bob")
    if frozen:
        engine.pause_reading()
    texts = [f"message {number}" for number in range(30)]
    await write_all(simulator, bob, linked.number, texts[:20])
    await engine.poll(
        lambda: len(journal.read(read(kept), time.time()).events) == 20, "twenty messages"
    )
    await engine.kill()
    await write_all(simulator, bob, linked.number, texts[20:])
    after = await launch()
    run = await after.start(linked.store, linked.jid, journal=kept)
    await run.until("message", lambda event: event["text"] == texts[-1])
    assert [event["text"] for event in after.events("message")] == texts


async def write_all(simulator: Simulator, sender: str, to: str, texts: list[str]) -> None:
    for text in texts:
        path = f"/api/phones/{sender[1:]}/send"
        await asyncio.to_thread(simulator.call, "POST", path, to=to, text=text)


def read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


async def test_it_finds_a_sent_message_after_a_crash(
    launch: Launch, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """Kill the engine while WhatsApp holds back an acknowledgement."""
    engine = await launch()
    run = await connected(engine, linked, tmp_path / "journal")
    bob = simulator.phone("Bob")
    simulator.call("POST", "/api/faults", kind="hold_acks", number=linked.number)
    sent, never = os.urandom(32).hex(), os.urandom(32).hex()
    engine.send(Command.SEND, id="1", run=run.name, to=bob, text="Did this go out?", secret=sent)
    receipt = await run.until("receipt")
    await engine.kill()
    after = await launch()
    answer = await after.call(
        Command.FIND_SENT, run="-", store=str(linked.store), secrets=[sent, never]
    )
    assert answer["found"] == {sent: receipt["whatsapp_ids"][0]}


async def test_it_finds_a_sent_message_while_running(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    run = await connected(engine, linked, tmp_path / "journal")
    secret = os.urandom(32).hex()
    sent = await run.call(Command.SEND, to=simulator.phone(), text="Hi", secret=secret)
    found = await engine.call(Command.FIND_SENT, run="-", store=str(linked.store), secrets=[secret])
    assert found["found"] == {secret: sent["whatsapp_id"]}
    assert (await run.call(Command.PROOF))["ok"]


async def test_it_reconnects_a_number_in_another_engine(
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


async def test_it_works_on_when_its_disk_is_full(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """The kernel refuses to let any file of the engine grow, in the middle of its work. A journal
    that is about to shrink needs another file for that."""
    kept = tmp_path / "journal"
    run = await connected(engine, linked, kept)
    bob = simulator.phone("Bob")
    texts = ["stays", *(f"{number} ".ljust(60_000, "x") for number in range(6))]
    await write_all(simulator, bob, linked.number, texts)
    await run.until("message", lambda event: event["text"] == texts[-1])
    keys = list(journal.read(read(kept), time.time()).events)
    limits = resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))

    stored = await run.call(Command.STORED, keys=keys[1:])

    assert stored["ok"]
    assert list(journal.read(read(kept), time.time()).events) == keys  # it could not shrink
    assert (await run.call(Command.PROOF))["ok"]
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, limits)
    await write_all(simulator, bob, linked.number, ["there is room again"])
    await run.until("message", lambda event: event["text"] == "there is room again")


async def test_it_starts_with_a_journal_of_unusual_lines(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """One line is no event. The other is an entry of an earlier version: its text is longer than a
    line of the protocol, and its time in milliseconds."""
    kept, now = tmp_path / "journal", time.time()
    old = MessageReceived(
        key="a", peer="+123456789012345678", chat="", whatsapp_id="3A01", peer_name="Bob",
        text="x" * 2_000_000, media=None, sent_at=now * 1000, from_me=False,
    )  # fmt: skip
    kept.write_bytes(b"garbled\n" + journal.write([old]))

    for _ in range(2):
        run = await connected(engine, linked, kept)
        (message,) = [e for e in engine.events("message") if e["run"] == run.name]
        assert (message["key"], message["peer"], len(message["text"])) == ("a", "", 65_536)
        assert abs(message["sent_at"] - now) < 60
        await run.call(Command.STOP)

    assert journal.aside_path(kept).read_bytes() == b"garbled\n"
    assert list(journal.read(read(kept), now).events) == ["a"]
