"""The engine as a process: its signals, its exit, and its output."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest

from sessions_app.engine.launch import EXIT_PROTOCOL, EXIT_UNAVAILABLE, PROJECT
from sessions_app.engine.protocol import Command, EngineKind
from tests.wire.engine.conftest import Launch, Linked
from tests.wire.engine.driver import Engine, Message, Simulator, link

SECRET = "d4" * 32


@pytest.fixture
def output_file(tmp_path: Path) -> Path:
    """Return a path for an engine's output."""
    return tmp_path / "output"


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@pytest.fixture
async def own_engines() -> AsyncIterator[list[Engine]]:
    """Return a list for engines of the test's own, and kill them after the test."""
    engines: list[Engine] = []
    yield engines
    for engine in engines:
        await engine.kill()


async def test_it_sends_hello_first(launch: Launch) -> None:
    engine = await launch(EngineKind.LINKING)
    hello = engine.messages[0]
    assert (hello["type"], hello["kind"], hello["pid"]) == ("hello", "linking", engine.process.pid)
    assert hello["neonize"] == "0.5.2"


async def test_it_answers_heartbeats_with_its_usage(engine: Engine, linked: Linked) -> None:
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    engine.send(Command.PING, at=12.5)
    pong = await engine.wait_for(
        lambda: next((m for m in engine.messages if m["type"] == "pong"), None), "a pong"
    )
    assert (pong["at"], pong["starts"], pong["abandoned"]) == (12.5, 1, 0)
    assert 20 < pong["rss_mb"] < 120


async def test_it_exits_when_the_gateway_is_gone(engine: Engine, linked: Linked) -> None:
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    engine.hang_up()
    assert await engine.ended(2) == 0


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b'{"type":"dance"}\n', b'{"type":"start"}\n'])
async def test_it_exits_after_an_invalid_line(engine: Engine, line: bytes) -> None:
    engine.send_raw(line)
    assert await engine.ended(5) == EXIT_PROTOCOL


async def test_it_shuts_down_gracefully_and_fast(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    qr = await engine.start(tmp_path / "keys.db")
    await qr.until("qr")
    engine.send(Command.SHUTDOWN)
    assert await engine.ended(4) == 0
    assert not any(device["online"] for device in simulator.devices(linked.number))


async def test_it_prints_only_errors_of_the_library(
    launch: Launch, simulator: Simulator, output_file: Path, tmp_path: Path
) -> None:
    """H12: the library prints login events, hints and warnings to both streams."""
    log = tmp_path / "log"
    with output_file.open("wb") as output, log.open("wb") as errors:
        engine = await launch(stdout=output.fileno(), stderr=errors.fileno())
        run, _, _ = await link(engine, simulator, tmp_path / "keys.db")
        bob = simulator.phone()
        await run.call(Command.SEND, to=bob, text="Hi", secret=SECRET)
        await run.call(Command.SEND, to="+351919999999", text="Hi", secret=SECRET)
        other = await engine.start(tmp_path / "other.db")
        await other.until("qr")
        simulator.call("POST", "/api/faults", kind="qr_drop")
        await other.until("qr_timeout")
        engine.send(Command.SHUTDOWN)
        await engine.ended()
    assert text_of(output_file) == ""
    assert all(line.startswith("whatsapp error ") for line in text_of(log).splitlines())


async def test_it_never_logs_secrets_even_at_debug(
    launch: Launch, simulator: Simulator, output_file: Path, tmp_path: Path
) -> None:
    store = tmp_path / "keys.db"
    with output_file.open("wb") as output:
        engine = await launch(log_level="debug", stderr=output.fileno())
        run = await engine.start(store)
        qr = await run.until("qr")
        alice, bob = simulator.phone("Alice Owner"), simulator.phone("Bob Member")
        await asyncio.to_thread(simulator.scan, alice, qr["text"])
        connected = await run.until("connected")
        sent = await run.call(Command.SEND, to=bob, text="the word is swordfish", secret=SECRET)
        simulator.call("POST", f"/api/phones/{bob[1:]}/send", to=alice, text="and plover")
        await run.until("message")
        simulator.call("POST", "/api/faults", kind="stream_error", number=alice)
        await run.until("connected")
        engine.send(Command.SHUTDOWN)
        await engine.ended()
    log = text_of(output_file)
    assert log.count("\n") > 50
    assert all(line.startswith("whatsapp ") for line in log.splitlines())
    ref, *keys = qr["text"].rpartition("#")[2].split(",")[:4]
    for secret in (ref, *keys, "swordfish", "plover", SECRET, alice[1:], bob[1:], "Bob Member"):
        assert secret not in log
    assert connected["jid"] not in log
    assert sent["whatsapp_id"] not in log


async def test_it_sends_texts_without_the_bot_tag(
    launch: Launch, simulator: Simulator, linked: Linked, output_file: Path
) -> None:
    """By default the library marks texts as written by a bot."""
    with output_file.open("wb") as output:
        engine = await launch(log_level="debug", stderr=output.fileno())
        run = await engine.start(linked.store, linked.jid)
        await run.until("connected")
        await run.call(Command.SEND, to=simulator.phone(), text="Hi", secret=SECRET)
        engine.send(Command.SHUTDOWN)
        await engine.ended()
    log = text_of(output_file)
    assert "Client/Send: <message" in log
    assert "<bot" not in log


async def test_it_keeps_the_traceback_of_a_crash_readable(
    engine: Engine,
) -> None:
    with open(f"/proc/{engine.process.pid}/fd/2", "rb") as stderr:  # noqa: ASYNC230, PTH123
        engine.process.send_signal(signal.SIGQUIT)  # Go prints its stacks and exits
        await engine.ended()
        assert b"goroutine" in stderr.read() or engine.process.returncode == -signal.SIGQUIT


async def test_it_inherits_no_secret_of_the_web(launch: Launch) -> None:
    engine = await launch()
    names = set(psutil.Process(engine.process.pid).environ())
    assert not {name for name in names if name.startswith(("DJANGO_", "GHL_", "DATABASE"))}
    assert os.environ["DJANGO_SECRET_KEY"]


async def test_it_loads_no_libmagic_or_imaging(engine: Engine) -> None:
    """Only stickers and previews need libmagic, PIL and similar modules. They may be missing, and
    would cost 20 MB in each engine."""
    mapped = {Path(m.path).name for m in psutil.Process(engine.process.pid).memory_maps()}
    assert any(name.startswith("neonize") for name in mapped)
    assert not {name for name in mapped if name.startswith(("libmagic", "_imaging"))}


@pytest.mark.parametrize(
    "binder",
    [
        pytest.param("", id="no code"),
        pytest.param("gocode = object()", id="another version"),
        pytest.param("raise OSError('wrong ELF class\\nin this file')", id="a broken binary"),
    ],
)
async def test_it_reports_an_unusable_library_in_one_line(
    own_engines: list[Engine], tmp_path: Path, binder: str
) -> None:
    """Use a fake neonize that lacks the functions in use."""
    path = f"{fake_neonize(tmp_path, binder)}{os.pathsep}{PROJECT}"
    own_engines.append(await Engine.launch(None, environ={"PYTHONPATH": path}))
    fatal: Message = own_engines[0].messages[0]
    assert (fatal["type"], fatal["code"]) == ("fatal", "engine_unavailable")
    assert "neonize" in fatal["detail"] and "\n" not in fatal["detail"]
    assert await own_engines[0].ended(5) == EXIT_UNAVAILABLE


def fake_neonize(folder: Path, binder: str) -> Path:
    """Create a package named neonize, with ``binder`` as its C interface if not empty. Return
    its folder."""
    package = folder / "fake" / "neonize"
    (package / "proto").mkdir(parents=True)
    if binder:
        (package / "_binder.py").write_text(binder + "\n")
    for module in ("__init__", "proto/__init__", "proto/Neonize_pb2"):
        (package / f"{module}.py").write_text("")
    return package.parent


async def test_it_logs_the_position_of_an_exception(
    launch: Launch, output_file: Path, tmp_path: Path
) -> None:
    """Cause an exception in the engine with an invalid path."""
    with output_file.open("wb") as output:
        engine = await launch(stderr=output.fileno())
        run = await engine.start("keys\0.db", journal=tmp_path / "journal")
        assert (await run.until("start_failed"))["code"] == "other"
        await engine.poll(lambda: text_of(output_file).endswith("\n"), "a line")
    assert text_of(output_file).startswith("whatsapp error Engine: ValueError at ")
    assert "keys" not in text_of(output_file)


async def test_it_reports_an_unreadable_journal(engine: Engine, tmp_path: Path) -> None:
    run = await engine.start(tmp_path / "keys.db", journal=tmp_path)
    failed = await run.until("start_failed")
    assert (failed["code"], "journal" in failed["detail"]) == ("other", True)
