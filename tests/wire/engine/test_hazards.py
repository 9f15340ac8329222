"""The thirteen hazards of plain use of the library, each next to the engine's safe behavior.

Plain use runs in a process of its own (``naive.py``) if it fails reliably. The rules that prevent
rare crashes are tested in ``tests/unit/sessions_app/engine/test_client.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest

from sessions_app.engine import launch as engine_launch
from sessions_app.engine.protocol import Command, EngineKind
from tests.wire.engine.conftest import Launch, Linked
from tests.wire.engine.driver import TIMEOUT, ApiError, Engine, Message, Run, Simulator

NAIVE = Path(__file__).with_name("naive.py")
ATTEMPTS = 8  # to lose a race that the library sometimes wins
UNKNOWN_JID = "351910000000:7@s.whatsapp.net"
UNREACHABLE = "http://127.0.0.1:1"
SECRET = "e5" * 32


class NaiveResult(NamedTuple):
    """The outcome of plain use of the library."""

    code: int
    result: Message
    output: str
    errors: str


async def naively(simulator: Simulator, hazard: str, store: Path) -> NaiveResult:
    """Run one hazard of ``naive.py`` until it ends."""
    process = await begin(simulator, hazard, store)
    output, errors = await asyncio.wait_for(process.communicate(), TIMEOUT)
    lines = [line for line in output.decode().splitlines() if line.startswith("{")]
    result = json.loads(lines[-1]) if lines else {}
    assert process.returncode is not None
    return NaiveResult(process.returncode, result, output.decode(), errors.decode())


async def naively_until_crash(simulator: Simulator, hazard: str, store: Path) -> NaiveResult:
    """Repeat ``naively`` until the process crashes, at most ``ATTEMPTS`` times."""
    outcome = await naively(simulator, hazard, store)
    for _ in range(ATTEMPTS - 1):
        if outcome.code:
            break
        outcome = await naively(simulator, hazard, store)
    return outcome


async def begin(simulator: Simulator, hazard: str, store: Path) -> asyncio.subprocess.Process:
    environment = engine_launch.environment(simulator.state, os.environ)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(NAIVE),
        hazard,
        str(simulator.state_file),
        str(store),
        env=environment | {"HTTPS_PROXY": simulator.state.proxy},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def connected(engine: Engine, linked: Linked) -> Run:
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    return run


async def test_it_survives_stops_at_any_moment_of_a_start(engine: Engine, linked: Linked) -> None:
    """H1: a stop during the connect crashes the process, with plain use in one of 220 tries."""
    for pause in range(40):
        run = await engine.start(linked.store, linked.jid)
        await asyncio.sleep(pause / 4000)  # 0 to 10 ms: the time a connect takes
        assert (await run.call(Command.STOP))["ended"]
    assert await connected(engine, linked)


async def test_it_abandons_a_pairing_safely(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    """H2: an abandoned pairing never ends; with plain use its thread remains. The engine
    disconnects and counts it, serves other runs, and can still shut down."""
    assert (await naively(simulator, "h2", tmp_path / "naive.db")).result == {"thread_alive": True}
    engine = await launch(EngineKind.LINKING)
    run = await engine.start(tmp_path / "keys.db")
    qr = await run.until("qr")
    assert (await run.call(Command.STOP))["ended"] is False
    with pytest.raises(ApiError):
        await asyncio.to_thread(simulator.scan, simulator.phone(), qr["text"])
    engine.send(Command.PING, at=0)
    pong = await engine.wait_for(
        lambda: next((m for m in engine.messages if m["type"] == "pong"), None), "a pong"
    )
    assert pong["abandoned"] == 1
    other = await engine.start(tmp_path / "other.db")
    await other.until("qr")
    engine.send(Command.SHUTDOWN)
    assert await engine.ended(5) == 0
    assert run.names() == []


async def test_it_survives_a_number_missing_from_the_store(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """H3, H13: with plain use the whole process crashes, even if all exceptions are caught."""
    crashed = await naively(simulator, "h3", tmp_path / "naive.db")
    assert (crashed.code, crashed.result) == (-signal.SIGABRT, {})
    assert "nil pointer dereference" in crashed.errors
    run = await engine.start(linked.store, UNKNOWN_JID)
    assert (await run.until("start_failed"))["code"] == "keys_missing"
    assert await connected(engine, linked)


async def test_it_survives_a_hundred_starts_at_once(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """H4: with plain use they crash the process, because the library's maps have no lock."""
    crashed = await naively_until_crash(simulator, "h4", tmp_path / "naive.db")
    assert crashed.code == -signal.SIGABRT
    assert "concurrent map" in crashed.errors
    runs = await asyncio.gather(
        *(engine.start(tmp_path / f"{index}.db", proxy=UNREACHABLE) for index in range(100))
    )
    for run in runs:
        assert (await run.until("start_failed"))["code"] == "proxy"
    assert await connected(engine, linked)


async def test_it_keeps_old_clients_from_stopping_new_ones(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H5: with plain use, the end of an old object silently stops a new one with its name."""
    plain = await naively(simulator, "h5", linked.store)
    assert plain.result == {"before": True, "after": False}
    for _ in range(5):
        old = await connected(engine, linked)
        assert (await old.call(Command.STOP))["ended"]
    run = await connected(engine, linked)
    assert (await old.call(Command.STOP))["ended"]
    assert (await run.call(Command.PROOF))["ok"]
    # The new run is still alive. A proof after the login may arrive before "connected".
    assert set(run.names()) <= {"proof"}


async def test_it_counts_starts_because_they_leak_handles(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H6: each start leaks file handles. The engine reports the number of starts, so that the
    gateway can recycle it."""
    plain = (await naively(simulator, "h6", linked.store)).result["handles"]
    assert plain >= 10
    process = psutil.Process(engine.process.pid)
    await (await connected(engine, linked)).call(Command.STOP)
    before = process.num_fds()
    for _ in range(10):
        assert (await (await connected(engine, linked)).call(Command.STOP))["ended"]
    # About 43: the library's for the file, its -wal and its -shm, and one of ours for each start.
    assert process.num_fds() - before <= 60
    engine.send(Command.PING, at=0)
    await engine.wait_for(
        lambda: [m for m in engine.messages if m["type"] == "pong" and m["starts"] == 11],
        "the number of starts",
    )


async def test_it_restarts_a_stuck_pairing_with_its_keys(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    """H7: without the restart after the scan the library waits forever. The engine reports the
    scan, so that the gateway's watchdog can stop the run and start it again with the same keys."""
    engine = await launch(EngineKind.LINKING)
    alice = simulator.phone()
    simulator.call("POST", "/api/faults", kind="no_515", number=alice)
    run = await engine.start(tmp_path / "keys.db")
    qr = await run.until("qr")
    await asyncio.to_thread(simulator.scan, alice, qr["text"])
    paired = await run.until("pair_success")
    assert (await run.call(Command.STOP))["ended"]
    assert "connected" not in run.names()
    again = await engine.start(tmp_path / "keys.db", paired["jid"])
    assert (await again.until("connected"))["phone"] == alice


async def test_it_shuts_down_with_connected_clients(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H8: with plain use, a process with a connected client never ends."""
    process = await begin(simulator, "h8", linked.store)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), TIMEOUT)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 2)
    process.kill()
    await process.communicate()
    await connected(engine, linked)
    engine.send(Command.SHUTDOWN)
    assert await engine.ended(4) == 0


async def test_it_never_forks_a_loaded_library(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    """H9: with plain use, a forked child never gets a QR code. Engines are new processes."""
    assert (await naively(simulator, "h9", tmp_path / "naive.db")).result == {"qr": False}
    mapped = {Path(m.path).name for m in psutil.Process().memory_maps()}
    assert not {name for name in mapped if name.startswith("neonize")}
    run = await engine.start(tmp_path / "keys.db")
    assert await run.until("qr")


async def test_it_pairs_twenty_numbers_concurrently(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    """H10: with plain use (asyncio client, default executor) only a few get a QR code."""
    plain = (await naively(simulator, "h10", tmp_path / "naive.db")).result["qrs"]
    assert plain < 20 or (os.cpu_count() or 1) > 15  # the pool grows with the machine
    engine = await launch(EngineKind.LINKING)
    runs = [await engine.start(tmp_path / f"{index}.db") for index in range(20)]
    for run in runs:
        await run.until("qr")


async def test_it_derives_the_state_from_events_alone(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H11: with plain use, a client still claims to be logged in after a drop and a refused
    login."""
    process = await begin(simulator, "h11", linked.store)
    assert process.stderr is not None
    while b"ready" not in await asyncio.wait_for(process.stderr.readline(), TIMEOUT):
        assert process.returncode is None
    refuse_and_drop(simulator, linked)
    output, _ = await asyncio.wait_for(process.communicate(), TIMEOUT)
    assert json.loads(output.splitlines()[-1]) == {"is_logged_in": True}
    simulator.call("DELETE", "/api/faults")
    run = await connected(engine, linked)
    refuse_and_drop(simulator, linked)
    await run.until("disconnected")
    await run.until("connect_failure")
    assert not (await run.call(Command.PROOF))["ok"]
    sent = await run.call(Command.SEND, to=linked.number, text="Hi", secret=SECRET)
    assert sent["code"] in ("not_connected", "timeout")  # the latter while the socket closes


def refuse_and_drop(simulator: Simulator, linked: Linked) -> None:
    simulator.call("POST", "/api/faults", kind="failure", number=linked.number, reason=400)
    simulator.call("POST", "/api/faults", kind="close", number=linked.number)


async def test_it_is_needed_because_the_library_prints(
    simulator: Simulator, linked: Linked
) -> None:
    """H12: with plain use the library prints. ``test_process.py`` tests the engine's output."""
    plain = await naively(simulator, "h12", linked.store)
    assert "Press Ctrl+C to exit" in plain.errors


async def test_it_leaves_other_engines_running_when_it_crashes(
    engine: Engine, launch: Launch, linked: Linked, tmp_path: Path
) -> None:
    """H13: a panic in the library crashes its process. Here a signal simulates it."""
    other = await launch(EngineKind.LINKING)
    qr = await other.start(tmp_path / "keys.db")
    await qr.until("qr")
    run = await connected(engine, linked)
    other.process.send_signal(signal.SIGABRT)
    assert await other.ended(5) == -signal.SIGABRT
    await other.wait_for(lambda: other.closed, "the end of the channel")
    assert (await run.call(Command.PROOF))["ok"]
