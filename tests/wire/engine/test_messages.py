"""Outgoing and incoming texts, and their receipts."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from sessions_app.engine.protocol import Command
from tests.wire.engine.conftest import Linked
from tests.wire.engine.driver import Engine, Run, Simulator

SECRET = "5e" * 32


@pytest.fixture
async def alice(engine: Engine, linked: Linked) -> Run:
    """Connect Alice's number."""
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    return run


async def written(simulator: Simulator, sender: str, to: str, text: str, **options: str) -> str:
    """Send a text from a phone, and return the message id."""
    sent = await asyncio.to_thread(
        simulator.call, "POST", f"/api/phones/{sender[1:]}/send", to=to, text=text, **options
    )
    return str(sent["id"])


async def test_it_sends_a_text_and_reports_its_receipts(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    bob = simulator.phone("Bob")
    sent = await alice.call(Command.SEND, to=bob, text="Olá, Bob ✓", secret=SECRET)
    assert sent["ok"], sent
    assert abs(sent["at"] - time.time()) < 60
    delivered = await alice.until("receipt", lambda e: e["status"] == "delivered")
    assert delivered["whatsapp_ids"] == [sent["whatsapp_id"]]
    got = simulator.call("GET", f"/api/phones/{bob[1:]}/messages")
    assert [message["text"] for message in got] == ["Olá, Bob ✓"]
    simulator.call("POST", f"/api/phones/{bob[1:]}/read", **{"from": linked.number})
    read = await alice.until("receipt", lambda e: e["status"] == "read")
    assert read["whatsapp_ids"] == [sent["whatsapp_id"]]
    assert read["peer"] == bob


@pytest.mark.parametrize("address_by", ["lid", "pn"])
async def test_it_reports_the_number_of_the_sender(
    alice: Run, simulator: Simulator, linked: Linked, address_by: str
) -> None:
    bob = simulator.phone("Bob")
    text = "line one\nline two – “quoted” 😀"
    key = await written(simulator, bob, linked.number, text, address_by=address_by)
    message = await alice.until("message")
    assert message["whatsapp_id"] == key
    assert (message["peer"], message["peer_name"]) == (bob, "Bob")
    assert (message["text"], message["media"], message["from_me"]) == (text, None, False)
    assert abs(message["sent_at"] - time.time()) < 60


async def test_it_reports_messages_typed_on_the_own_phone(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    bob = simulator.phone("Bob")
    await written(simulator, linked.number, bob, "From my own phone")
    message = await alice.until("message")
    assert (message["from_me"], message["peer"]) == (True, bob)
    assert message["peer_name"] == ""
    assert message["text"] == "From my own phone"


async def test_it_marks_only_activity_of_the_own_phone(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    bob = simulator.phone("Bob")
    sent = await alice.call(Command.SEND, to=bob, text="From us", secret=SECRET)
    await alice.until("receipt", lambda e: sent["whatsapp_id"] in e["whatsapp_ids"])
    await written(simulator, bob, linked.number, "Thanks")
    received = await alice.until("message", lambda e: e["text"] == "Thanks")
    receipts = [
        e for e in alice.engine.messages if sent["whatsapp_id"] in e.get("whatsapp_ids", ())
    ]
    assert not [event for event in (received, *receipts) if "phone_at" in event]

    path = f"/api/phones/{linked.number[1:]}/read"
    await asyncio.to_thread(simulator.call, "POST", path, **{"from": bob})
    read = await alice.until("proof", lambda e: "phone_at" in e)
    assert abs(read["phone_at"] - time.time()) < 60
    await written(simulator, linked.number, bob, "From the phone")
    typed = await alice.until("message", lambda e: e["text"] == "From the phone")
    assert typed["phone_at"] == typed["sent_at"]


async def test_it_carries_the_longest_text(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    bob = simulator.phone()
    text = "😀" * 16_000
    assert (await alice.call(Command.SEND, to=bob, text=text, secret=SECRET))["ok"]
    await written(simulator, bob, linked.number, text)
    assert (await alice.until("message"))["text"] == text


async def test_it_reports_a_number_that_is_not_on_whatsapp(alice: Run) -> None:
    answer = await alice.call(Command.SEND, to="+351919999999", text="Hi", secret=SECRET)
    assert (answer["ok"], answer["code"]) == (False, "not_on_whatsapp")
    assert "351919999999" not in answer["error"]


@pytest.mark.parametrize(("error", "code"), [(463, "reachout_timelock"), (479, "refused")])
async def test_it_reports_why_a_message_was_refused(
    alice: Run, simulator: Simulator, linked: Linked, error: int, code: str
) -> None:
    bob = simulator.phone()
    simulator.call("POST", "/api/faults", kind="message_error", number=linked.number, error=error)
    answer = await alice.call(Command.SEND, to=bob, text="Hi", secret=SECRET)
    assert (answer["ok"], answer["code"]) == (False, code)


async def test_it_stays_responsive_while_a_send_blocks(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    bob = simulator.phone()
    simulator.call("POST", "/api/faults", kind="hold_acks", number=linked.number)
    held = asyncio.create_task(alice.call(Command.SEND, to=bob, text="Hi", secret=SECRET))
    await alice.until("receipt")
    assert (await alice.call(Command.PROOF))["ok"]
    alice.engine.send(Command.PING, at=1)
    await alice.engine.wait_for(
        lambda: [m for m in alice.engine.messages if m["type"] == "pong"], "a pong"
    )
    assert not held.done()
    simulator.call("DELETE", "/api/faults")
    assert (await held)["ok"]


async def test_it_refuses_to_send_for_an_unknown_run(engine: Engine) -> None:
    answer = await engine.call(Command.SEND, run="none", to="+351", text="Hi", secret=SECRET)
    assert (answer["ok"], answer["code"]) == (False, "no_run")


async def test_it_deletes_stored_entries_from_the_journal(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    bob = simulator.phone()
    await written(simulator, bob, linked.number, "one")
    message = await alice.until("message")
    kept = [json.loads(line) for line in alice.journal.read_text().splitlines()]
    assert message["key"] in [entry["key"] for entry in kept]
    assert alice.journal.stat().st_mode & 0o777 == 0o600
    assert (await alice.call(Command.STORED, keys=[entry["key"] for entry in kept]))["ok"]
    assert alice.journal.read_text() == ""


async def test_it_replays_entries_that_were_not_stored(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    run = await engine.start(linked.store, linked.jid, journal=journal)
    await run.until("connected")
    bob = simulator.phone()
    await written(simulator, bob, linked.number, "hello")
    first = await run.until("message")
    await run.call(Command.STOP)
    again = await engine.start(linked.store, linked.jid, journal=journal)
    second = await again.until("message")
    assert "connected" not in again.names()
    assert (second["key"], second["text"]) == (first["key"], "hello")
