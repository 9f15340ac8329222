"""The thirteen ways in which the library hurts whoever uses it plainly, each beside the engine
that tames it. The plain way runs in a process of its own (``naive.py``), wherever it fails
reliably; a rule that prevents a rare crash is tested in
``tests/unit/sessions_app/engine/test_client.py``.
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

from sessions_app.engine import launch as launching
from sessions_app.engine.protocol import Command, EngineKind
from tests.wire.engine.conftest import Launch, Linked
from tests.wire.engine.driver import PATIENCE, Engine, Message, Refused, Run, Simulator

NAIVE = Path(__file__).with_name("naive.py")
LIVES = 8  # of a race that the library wins now and then
NOBODY = "351910000000:7@s.whatsapp.net"
NOWHERE = "http://127.0.0.1:1"
SECRET = "e5" * 32


class Naive(NamedTuple):
    """How the plain use of the library ended."""

    code: int
    said: Message
    output: str
    errors: str


async def naively(simulator: Simulator, hazard: str, store: Path) -> Naive:
    """Run one hazard of ``naive.py`` to its end."""
    process = await begin(simulator, hazard, store)
    output, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    lines = [line for line in output.decode().splitlines() if line.startswith("{")]
    said = json.loads(lines[-1]) if lines else {}
    assert process.returncode is not None
    return Naive(process.returncode, said, output.decode(), errors.decode())


async def naively_to_death(simulator: Simulator, hazard: str, store: Path) -> Naive:
    """As ``naively``, as often as it takes the race to end the process, at most ``LIVES`` times."""
    ran = await naively(simulator, hazard, store)
    for _ in range(LIVES - 1):
        if ran.code:
            break
        ran = await naively(simulator, hazard, store)
    return ran


async def begin(simulator: Simulator, hazard: str, store: Path) -> asyncio.subprocess.Process:
    environment = launching.environment(simulator.state, os.environ)
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
    """H1: a stop during the connect ends the process, plainly in one of 220 tries."""
    for pause in range(40):
        run = await engine.start(linked.store, linked.jid)
        await asyncio.sleep(pause / 4000)  # 0 to 10 ms: the time a connect takes
        assert (await run.call(Command.STOP))["ended"]
    assert await connected(engine, linked)


async def test_it_gives_up_a_pairing_without_harm(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    """H2: a pairing that is given up never ends; plainly its thread stays. The engine hangs
    up, counts it, serves the others, and can end all the same."""
    assert (await naively(simulator, "h2", tmp_path / "naive.db")).said == {"thread_alive": True}
    engine = await launch(EngineKind.LINKING)
    run = await engine.start(tmp_path / "keys.db")
    qr = await run.until("qr")
    assert (await run.call(Command.STOP))["ended"] is False
    with pytest.raises(Refused):
        await asyncio.to_thread(simulator.scan, simulator.phone(), qr["text"])
    engine.say(Command.PING, at=0)
    pong = await engine.wait_for(
        lambda: next((m for m in engine.messages if m["type"] == "pong"), None), "a pong"
    )
    assert pong["abandoned"] == 1
    other = await engine.start(tmp_path / "other.db")
    await other.until("qr")
    engine.say(Command.SHUTDOWN)
    assert await engine.ended(5) == 0
    assert run.names() == []


async def test_it_survives_a_number_that_is_not_in_the_store(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """H3, H13: plainly the whole process dies, whatever is caught."""
    died = await naively(simulator, "h3", tmp_path / "naive.db")
    assert (died.code, died.said) == (-signal.SIGABRT, {})
    assert "nil pointer dereference" in died.errors
    run = await engine.start(linked.store, NOBODY)
    assert (await run.until("start_failed"))["code"] == "keys_missing"
    assert await connected(engine, linked)


async def test_it_survives_a_hundred_starts_at_once(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    """H4: plainly they end the process, because the library's tables have no lock."""
    died = await naively_to_death(simulator, "h4", tmp_path / "naive.db")
    assert died.code == -signal.SIGABRT
    assert "concurrent map" in died.errors
    runs = await asyncio.gather(
        *(engine.start(tmp_path / f"{index}.db", proxy=NOWHERE) for index in range(100))
    )
    for run in runs:
        assert (await run.until("start_failed"))["code"] == "proxy"
    assert await connected(engine, linked)


async def test_it_lets_no_old_client_stop_a_new_one(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H5: plainly the end of an old object silently stops the new one of the same name."""
    plain = await naively(simulator, "h5", linked.store)
    assert plain.said == {"before": True, "after": False}
    for _ in range(5):
        old = await connected(engine, linked)
        assert (await old.call(Command.STOP))["ended"]
    run = await connected(engine, linked)
    assert (await old.call(Command.STOP))["ended"]
    assert (await run.call(Command.PROOF))["ok"]
    # Nothing ended it. The proof that follows a login may come before "connected", too.
    assert set(run.names()) <= {"proof"}


async def test_it_counts_the_starts_that_leak(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H6: each start leaves file handles behind. The engine tells the number of starts by which
    the gateway recycles it."""
    plain = (await naively(simulator, "h6", linked.store)).said["handles"]
    assert plain >= 10
    process = psutil.Process(engine.process.pid)
    await (await connected(engine, linked)).call(Command.STOP)
    before = process.num_fds()
    for _ in range(10):
        assert (await (await connected(engine, linked)).call(Command.STOP))["ended"]
    # About 43: the library's on the file, its -wal and its -shm, and one of ours a start.
    assert process.num_fds() - before <= 60
    engine.say(Command.PING, at=0)
    await engine.wait_for(
        lambda: [m for m in engine.messages if m["type"] == "pong" and m["starts"] == 11],
        "the number of starts",
    )


async def test_it_lets_a_pairing_that_is_stuck_be_started_again(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    """H7: without the restart after the scan the library waits for ever. The gateway hears of
    the scan, so that its watchdog can stop the run and start the same keys anew."""
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


async def test_it_can_end_while_clients_are_connected(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H8: plainly a process with a connected client never ends."""
    process = await begin(simulator, "h8", linked.store)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), PATIENCE)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 2)
    process.kill()
    await process.communicate()
    await connected(engine, linked)
    engine.say(Command.SHUTDOWN)
    assert await engine.ended(4) == 0


async def test_it_never_forks_a_loaded_library(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    """H9: plainly a forked child never gets a QR. Engines are executed anew."""
    assert (await naively(simulator, "h9", tmp_path / "naive.db")).said == {"qr": False}
    mapped = {Path(m.path).name for m in psutil.Process().memory_maps()}
    assert not {name for name in mapped if name.startswith("neonize")}
    run = await engine.start(tmp_path / "keys.db")
    assert await run.until("qr")


async def test_it_serves_more_customers_than_threads_of_a_pool(
    launch: Launch, simulator: Simulator, tmp_path: Path
) -> None:
    """H10: plainly (asyncio client, default executor) only the first few get a QR."""
    plain = (await naively(simulator, "h10", tmp_path / "naive.db")).said["qrs"]
    assert plain < 20 or (os.cpu_count() or 1) > 15  # the pool grows with the machine
    engine = await launch(EngineKind.LINKING)
    runs = [await engine.start(tmp_path / f"{index}.db") for index in range(20)]
    for run in runs:
        await run.until("qr")


async def test_it_knows_the_state_from_events_alone(
    engine: Engine, simulator: Simulator, linked: Linked
) -> None:
    """H11: plainly a client whose link dropped and whose login was refused still calls itself
    logged in."""
    process = await begin(simulator, "h11", linked.store)
    assert process.stderr is not None
    while b"ready" not in await asyncio.wait_for(process.stderr.readline(), PATIENCE):
        assert process.returncode is None
    refuse_and_drop(simulator, linked)
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
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


async def test_it_keeps_the_librarys_prints_away(simulator: Simulator, linked: Linked) -> None:
    """H12: plainly it prints on its own; the engine's silence is tested with its process."""
    plain = await naively(simulator, "h12", linked.store)
    assert "Press Ctrl+C to exit" in plain.errors


async def test_it_takes_no_other_engine_along_when_it_dies(
    engine: Engine, launch: Launch, linked: Linked, tmp_path: Path
) -> None:
    """H13: a panic in the library ends its process; here a signal stands in for it."""
    other = await launch(EngineKind.LINKING)
    qr = await other.start(tmp_path / "keys.db")
    await qr.until("qr")
    run = await connected(engine, linked)
    other.process.send_signal(signal.SIGABRT)
    assert await other.ended(5) == -signal.SIGABRT
    await other.wait_for(lambda: other.closed, "the end of the channel")
    assert (await run.call(Command.PROOF))["ok"]
