"""The engine as a process: what it says, when it ends, what it never prints."""

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
def said(tmp_path: Path) -> Path:
    """A file for an engine's output."""
    return tmp_path / "said"


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[list[Engine]]:
    """Engines that a test launched by itself; they end with the test."""
    engines: list[Engine] = []
    yield engines
    for engine in engines:
        await engine.kill()


async def test_it_says_hello_first(launch: Launch) -> None:
    engine = await launch(EngineKind.LINKING)
    hello = engine.messages[0]
    assert (hello["type"], hello["kind"], hello["pid"]) == ("hello", "linking", engine.process.pid)
    assert hello["neonize"] == "0.5.2"


async def test_it_answers_heartbeats_with_what_it_holds(engine: Engine, linked: Linked) -> None:
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    engine.say(Command.PING, at=12.5)
    pong = await engine.wait_for(
        lambda: next((m for m in engine.messages if m["type"] == "pong"), None), "a pong"
    )
    assert (pong["at"], pong["starts"], pong["abandoned"]) == (12.5, 1, 0)
    assert 20 < pong["rss_mb"] < 120


async def test_it_ends_when_the_gateway_is_gone(engine: Engine, linked: Linked) -> None:
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    engine.hang_up()
    assert await engine.ended(2) == 0


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b'{"type":"dance"}\n', b'{"type":"start"}\n'])
async def test_it_ends_itself_after_a_line_that_it_does_not_understand(
    engine: Engine, line: bytes
) -> None:
    engine.say_raw(line)
    assert await engine.ended(5) == EXIT_PROTOCOL


async def test_it_shuts_down_politely_and_soon(
    engine: Engine, simulator: Simulator, linked: Linked, tmp_path: Path
) -> None:
    run = await engine.start(linked.store, linked.jid)
    await run.until("connected")
    qr = await engine.start(tmp_path / "keys.db")
    await qr.until("qr")
    engine.say(Command.SHUTDOWN)
    assert await engine.ended(4) == 0
    assert not any(device["online"] for device in simulator.devices(linked.number))


async def test_it_prints_nothing_but_the_librarys_errors(
    launch: Launch, simulator: Simulator, said: Path, tmp_path: Path
) -> None:
    """H12: the library prints login events, hints and warnings to both outputs."""
    log = tmp_path / "log"
    with said.open("wb") as output, log.open("wb") as errors:
        engine = await launch(stdout=output.fileno(), stderr=errors.fileno())
        run, _, _ = await link(engine, simulator, tmp_path / "keys.db")
        bob = simulator.phone()
        await run.call(Command.SEND, to=bob, text="Hi", secret=SECRET)
        await run.call(Command.SEND, to="+351919999999", text="Hi", secret=SECRET)
        other = await engine.start(tmp_path / "other.db")
        await other.until("qr")
        simulator.call("POST", "/api/faults", kind="qr_drop")
        await other.until("qr_timeout")
        engine.say(Command.SHUTDOWN)
        await engine.ended()
    assert text_of(said) == ""
    assert all(line.startswith("whatsapp error ") for line in text_of(log).splitlines())


async def test_it_never_writes_secrets_down_not_even_at_debug(
    launch: Launch, simulator: Simulator, said: Path, tmp_path: Path
) -> None:
    store = tmp_path / "keys.db"
    with said.open("wb") as output:
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
        engine.say(Command.SHUTDOWN)
        await engine.ended()
    log = text_of(said)
    assert log.count("\n") > 50
    assert all(line.startswith("whatsapp ") for line in log.splitlines())
    ref, *keys = qr["text"].rpartition("#")[2].split(",")[:4]
    for secret in (ref, *keys, "swordfish", "plover", SECRET, alice[1:], bob[1:], "Bob Member"):
        assert secret not in log
    assert connected["jid"] not in log
    assert sent["whatsapp_id"] not in log


async def test_it_sends_texts_that_do_not_look_like_a_bots(
    launch: Launch, simulator: Simulator, linked: Linked, said: Path
) -> None:
    """The library marks texts as a bot's unless it is told otherwise."""
    with said.open("wb") as output:
        engine = await launch(log_level="debug", stderr=output.fileno())
        run = await engine.start(linked.store, linked.jid)
        await run.until("connected")
        await run.call(Command.SEND, to=simulator.phone(), text="Hi", secret=SECRET)
        engine.say(Command.SHUTDOWN)
        await engine.ended()
    log = text_of(said)
    assert "Client/Send: <message" in log
    assert "<bot" not in log


async def test_it_keeps_the_last_words_of_a_crash_within_the_gateways_reach(
    engine: Engine,
) -> None:
    with open(f"/proc/{engine.process.pid}/fd/2", "rb") as words:  # noqa: ASYNC230, PTH123
        engine.process.send_signal(signal.SIGQUIT)  # Go prints its stacks and ends
        await engine.ended()
        assert b"goroutine" in words.read() or engine.process.returncode == -signal.SIGQUIT


async def test_it_hands_no_secret_of_the_web_to_the_engine(launch: Launch) -> None:
    engine = await launch()
    names = set(psutil.Process(engine.process.pid).environ())
    assert not {name for name in names if name.startswith(("DJANGO_", "GHL_", "DATABASE"))}
    assert os.environ["DJANGO_SECRET_KEY"]


async def test_it_runs_without_libmagic_and_leaves_heavy_modules_out(engine: Engine) -> None:
    """libmagic, PIL and the like serve stickers and previews only; a missing one must not
    matter, and 20 MB an engine do."""
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
async def test_it_says_in_one_line_why_the_library_cannot_be_used(
    bare: list[Engine], tmp_path: Path, binder: str
) -> None:
    """With a stand-in for neonize that lacks what the engine relies on."""
    path = f"{fake_neonize(tmp_path, binder)}{os.pathsep}{PROJECT}"
    bare.append(await Engine.launch(None, environ={"PYTHONPATH": path}))
    fatal: Message = bare[0].messages[0]
    assert (fatal["type"], fatal["code"]) == ("fatal", "engine_unavailable")
    assert "neonize" in fatal["detail"] and "\n" not in fatal["detail"]
    assert await bare[0].ended(5) == EXIT_UNAVAILABLE


def fake_neonize(folder: Path, binder: str) -> Path:
    """A folder with a package of that name, with ``binder`` as its C interface, if any."""
    package = folder / "fake" / "neonize"
    (package / "proto").mkdir(parents=True)
    if binder:
        (package / "_binder.py").write_text(binder + "\n")
    for module in ("__init__", "proto/__init__", "proto/Neonize_pb2"):
        (package / f"{module}.py").write_text("")
    return package.parent


async def test_it_says_where_it_made_a_mistake(launch: Launch, said: Path, tmp_path: Path) -> None:
    """A mistake of the engine's own, made with a path that no file can have."""
    with said.open("wb") as output:
        engine = await launch(stderr=output.fileno())
        run = await engine.start("keys\0.db", journal=tmp_path / "journal")
        assert (await run.until("start_failed"))["code"] == "other"
        await engine.poll(lambda: text_of(said).endswith("\n"), "a line")
    assert text_of(said).startswith("whatsapp error Engine: ValueError at ")
    assert "keys" not in text_of(said)


async def test_it_names_the_failure_when_the_journal_cannot_be_read(
    engine: Engine, tmp_path: Path
) -> None:
    run = await engine.start(tmp_path / "keys.db", journal=tmp_path)
    failed = await run.until("start_failed")
    assert (failed["code"], "journal" in failed["detail"]) == ("other", True)
