"""Pairing a number by QR code and by typed code, and moving it to another engine."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from sessions_app.engine.protocol import Command, EngineKind
from tests.wire.engine.conftest import Launch, Linked
from tests.wire.engine.driver import ApiError, Engine, Run, Simulator


@pytest.fixture
async def engine(launch: Launch) -> Engine:
    return await launch(EngineKind.LINKING)


async def test_it_links_a_number_by_qr(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    alice = simulator.phone("Alice")
    run = await engine.start(tmp_path / "keys.db")
    qr = await run.until("qr")
    assert (qr["number"], qr["of"]) == (1, 6)
    assert 55 < qr["expires_at"] - time.time() <= 60
    await asyncio.to_thread(simulator.scan, alice, qr["text"])
    paired = await run.until("pair_success")
    connected = await run.until("connected")
    assert paired["phone"] == connected["phone"] == alice
    assert paired["jid"] == connected["jid"]
    assert connected["jid"].startswith(alice[1:] + ":")


async def test_it_links_a_number_by_pairing_code(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    alice = simulator.phone("Alice")
    run = await engine.start(tmp_path / "keys.db")
    answer = await run.call(Command.PAIR_CODE, phone=alice)
    assert answer["ok"], answer
    assert len(answer["code"]) == 9 and answer["code"][4] == "-"
    await asyncio.to_thread(
        simulator.call, "POST", "/api/enter-code", number=alice, code=answer["code"]
    )
    assert (await run.until("connected"))["phone"] == alice


@pytest.mark.parametrize("phone", ["+12345", "+0351912345678"])
async def test_it_reports_a_bad_number_for_a_code(
    engine: Engine, tmp_path: Path, phone: str
) -> None:
    run = await engine.start(tmp_path / "keys.db")
    answer = await run.call(Command.PAIR_CODE, phone=phone)
    assert (answer["ok"], answer["code"]) == (False, "bad_number")
    assert phone[1:] not in answer["error"]


async def test_it_refuses_a_code_for_a_linked_number(launch: Launch, linked: Linked) -> None:
    engine = await launch()
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    answer = await run.call(Command.PAIR_CODE, phone=linked.number)
    assert (answer["ok"], answer["code"]) == (False, "not_pairing")


@pytest.mark.parametrize("fault", ["pair_hmac_wrong", "pair_signature_wrong"])
async def test_it_reports_a_failed_pairing(
    engine: Engine, simulator: Simulator, tmp_path: Path, fault: str
) -> None:
    alice = simulator.phone()
    simulator.call("POST", "/api/faults", kind=fault, number=alice)
    run = await engine.start(tmp_path / "keys.db")
    qr = await run.until("qr")
    with pytest.raises(ApiError):
        await asyncio.to_thread(simulator.scan, alice, qr["text"])
    assert await run.until("pair_error")


async def test_it_reports_that_the_codes_ran_out(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    run = await engine.start(tmp_path / "keys.db")
    await run.until("qr")
    simulator.call("POST", "/api/faults", kind="qr_drop")
    await run.until("qr_timeout")


async def test_it_counts_the_codes_of_a_pairing(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.call("POST", "/api/faults", kind="refs", count=2)
    run = await engine.start(tmp_path / "keys.db")
    await run.until("qr")
    second = await run.until("qr")
    assert (second["number"], second["of"]) == (2, 6)
    assert 15 < second["expires_at"] - time.time() <= 20


async def test_it_moves_a_number_to_another_engine_quickly(
    engine: Engine, launch: Launch, simulator: Simulator, linked: Linked
) -> None:
    before = await engine.start(linked.store, linked.jid)
    running = await launch()
    await before.until("connected")
    started = time.monotonic()
    assert (await before.call(Command.STOP))["ended"]
    after = await running.start(linked.store, linked.jid)
    assert (await after.until("connected"))["phone"] == linked.number
    assert time.monotonic() - started < 2  # about 0.02 s on an idle machine
    assert (await after.call(Command.PROOF))["ok"]


async def test_it_pairs_again_over_old_keys(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    store = tmp_path / "keys.db"
    with sqlite3.connect(store) as connection:
        connection.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
        connection.execute("INSERT INTO whatsmeow_device VALUES ('351910000000:1@s.whatsapp.net')")
    connection.close()
    run = await engine.start(store)
    assert await run.until("qr")


async def test_it_shows_twenty_qr_codes_at_once(engine: Engine, tmp_path: Path) -> None:
    """H10: the library's asyncio client shows no seventh QR code. H4: concurrent starts crash the
    process."""

    async def first_qr(index: int) -> Run:
        run = await engine.start(tmp_path / f"{index}.db")
        await run.until("qr")
        return run

    runs = await asyncio.gather(*(first_qr(index) for index in range(20)))
    assert len({run.name for run in runs}) == 20
    assert engine.process.returncode is None
