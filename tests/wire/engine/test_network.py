"""Failures of WhatsApp and the network, and the events that the engine reports for them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from sessions_app.engine.protocol import Command
from tests.wire.engine.conftest import Launch, Linked
from tests.wire.engine.driver import Engine, Run, Simulator, link
from tests.wire.engine.expired import Expired

SECRET = "c3" * 32


@pytest.fixture
async def alice(engine: Engine, linked: Linked) -> Run:
    """Connect Alice's number."""
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    return run


def fault(simulator: Simulator, linked: Linked, kind: str, **params: Any) -> None:
    simulator.call("POST", "/api/faults", kind=kind, number=linked.number, **params)


@pytest.mark.parametrize("kind", ["close", "reset", "xmlstreamend", "stream_503"])
async def test_it_reports_a_drop_and_the_reconnect(
    alice: Run, simulator: Simulator, linked: Linked, kind: str
) -> None:
    fault(simulator, linked, kind)
    await alice.until("disconnected")
    await alice.until("connected")
    assert (await alice.call(Command.PROOF))["rtt"] < 5


async def test_it_reconnects_after_a_requested_restart(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    fault(simulator, linked, "stream_515")
    await alice.until("connected")


async def test_it_reports_a_stream_error_with_its_code(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    fault(simulator, linked, "stream_error", code=516)
    assert (await alice.until("stream_error"))["detail"] == "516"
    await alice.until("connected")


async def test_it_reports_that_another_client_took_over(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    fault(simulator, linked, "replaced")
    await alice.until("stream_replaced")
    assert (await alice.call(Command.STOP))["ended"]


@pytest.mark.parametrize(
    ("reason", "event", "fields"),
    [
        (400, "connect_failure", {"detail": "400"}),
        (402, "temp_ban", {"detail": "101", "seconds": 3600}),
        (405, "client_outdated", {}),
        (409, "connect_failure", {"detail": "409"}),
        (429, "connect_failure", {"detail": "unknown"}),
        (503, "disconnected", {}),
    ],
)
async def test_it_reports_why_a_login_was_refused(
    engine: Engine,
    simulator: Simulator,
    linked: Linked,
    reason: int,
    event: str,
    fields: dict[str, object],
) -> None:
    """The library does not know 429, which ends the client's event loop. The rest of the engine
    continues, and the client can be stopped."""
    fault(simulator, linked, "failure", reason=reason)
    run = await engine.start(linked.store, linked.jid)
    reported = await run.until(event)
    assert {name: reported[name] for name in fields} == fields
    assert (await run.call(Command.STOP))["ended"]
    simulator.call("DELETE", "/api/faults")
    again = await engine.start(linked.store, linked.jid)
    assert await again.until("connected")


async def test_it_reports_a_ban_of_an_unknown_kind(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    fault(simulator, linked, "failure", reason=402, code=199, expire=60)
    run = await engine.start(linked.store, linked.jid)
    assert (await run.until("temp_ban"))["detail"] == "unknown"
    assert (await run.call(Command.STOP))["ended"]


@pytest.mark.parametrize("reason", [401, 403, 406])
async def test_it_distinguishes_kinds_of_logouts(
    engine: Engine, simulator: Simulator, tmp_path: Path, reason: int
) -> None:
    run, jid, number = await link(engine, simulator, tmp_path / "keys.db")
    await run.call(Command.STOP)
    simulator.call("POST", "/api/faults", kind="failure", number=number, reason=reason)
    again = await engine.start(tmp_path / "keys.db", jid)
    assert (await again.until("logged_out"))["detail"] == str(reason)
    assert (await again.call(Command.STOP))["ended"]


@pytest.mark.parametrize("how", ["tcp", "proxy", "tls", "noise"])
async def test_it_reports_that_whatsapp_is_unreachable(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path, how: str
) -> None:
    simulator.call("POST", "/api/faults", kind="refuse_dial", how=how)
    run = await engine.start(linked.store, linked.jid)
    assert (await run.until("start_failed"))["code"] == "dial"
    assert (await run.call(Command.STOP))["ended"]


async def test_it_reports_an_unreachable_proxy(engine: Engine, linked: Linked) -> None:
    run = await engine.start(linked.store, linked.jid, proxy="http://127.0.0.1:1")
    failed = await run.until("start_failed")
    assert failed["code"] == "proxy"
    assert "127.0.0.1" not in failed["detail"]


async def test_it_dials_through_the_proxy_of_the_session(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    proxy = simulator.state.proxy.replace("http://", "http://alice:pw@")
    run = await engine.start(linked.store, linked.jid, proxy=proxy)
    await run.until("connected")
    (device,) = simulator.devices(linked.number)
    assert device["proxy_user"] == "alice"


async def test_it_rejects_another_root_of_trust(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    """With another root of trust, the client rejects the certificate of the server."""
    root = bytes([simulator.state.trust_root[0] ^ 1]) + simulator.state.trust_root[1:]
    engine = await launch(state_file=simulator.changed_state(tmp_path, trust_root=root.hex()))
    run = await engine.start(tmp_path / "keys.db")
    assert (await run.until("start_failed"))["code"] == "dial"


async def test_it_reports_an_expired_certificate(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    with Expired(tmp_path) as expired:
        state_file = simulator.changed_state(tmp_path, ca_file=str(expired.ca_file))
        engine = await launch(state_file=state_file)
        run = await engine.start(tmp_path / "keys.db", proxy=expired.proxy)
        assert (await run.until("start_failed"))["code"] == "clock"


async def test_it_fails_the_proof_without_a_login_answer(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """The library reports no event, and claims to be logged in. The engine reports none either."""
    fault(simulator, linked, "no_success")
    run = await engine.start(linked.store, linked.jid)
    answer = await run.call(Command.PROOF)
    assert not answer["ok"]
    assert "connected" not in run.names()
    assert (await run.call(Command.STOP))["ended"]


async def test_it_does_not_block_starts_behind_a_stuck_one(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    simulator.call("POST", "/api/faults", kind="silent_handshake", times=1)
    await engine.start(tmp_path / "stuck.db")
    await engine.poll(lambda: simulator.call("GET", "/api/state")["faults"] == [], "the dial")
    started = time.monotonic()
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    assert time.monotonic() - started < 10  # the library itself gives up after 20 s


async def test_it_stops_a_stuck_start_as_soon_as_possible(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    simulator.call("POST", "/api/faults", kind="silent_handshake", times=1)
    run = await engine.start(linked.store, linked.jid)
    await engine.poll(lambda: simulator.call("GET", "/api/state")["faults"] == [], "the dial")
    assert (await run.call(Command.STOP))["ended"] is False
    other = await engine.start(linked.store, linked.jid)
    await other.until("connected")
    assert not {"connected", "start_failed"} & set(run.names())


async def test_it_reconnects_after_an_outage(
    alice: Run, simulator: Simulator, linked: Linked
) -> None:
    simulator.call("POST", "/api/outage", seconds=1)
    await alice.until("disconnected")
    failed = await alice.call(Command.SEND, to=linked.number, text="Hi", secret=SECRET)
    assert (failed["ok"], failed["code"]) == (False, "not_connected")
    await asyncio.wait_for(alice.until("connected"), 20)
