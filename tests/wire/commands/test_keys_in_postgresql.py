"""The operators' commands with WhatsApp keys in a real PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import psycopg
import pytest

from tests.servers import start_postgres
from tests.wire.product import Product, Simulator


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = start_postgres(tmp_path_factory.mktemp("postgres"))
    yield str(server.get_uri())
    server.cleanup()


@pytest.fixture(scope="module")
def shared(
    url: str, tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("shared"), shared_simulator, WHATSAPP_AUTH_STORE=url)
    yield product
    product.close()


def devices(url: str) -> set[str]:
    with psycopg.connect(url) as keys:
        return {row[0] for row in keys.execute("SELECT jid FROM whatsmeow_device")}


def rows_of(url: str, address: str) -> dict[str, int]:
    """Return the number of rows of each library table for the device at ``address``."""
    query = (
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_name LIKE 'whatsmeow_%' AND column_name IN ('jid', 'our_jid')"
    )
    with psycopg.connect(url) as keys:
        found = {
            table: keys.execute(
                f"SELECT count(*) FROM {table} WHERE {column} = %s",  # noqa: S608
                (address,),
            ).fetchone()
            for table, column in keys.execute(query).fetchall()
        }
    return {table: count[0] for table, count in found.items() if count and count[0]}


def test_it_leaves_no_device_after_a_trial(shared: Product, simulator: Simulator, url: str) -> None:
    shared.manage("test_qr")  # creates the tables
    before = devices(url)
    assert shared.manage("test_qr").stdout.startswith("SUCCESS")
    assert devices(url) == before


def test_it_deletes_only_keys_of_deleted_sessions(
    shared: Product, simulator: Simulator, url: str
) -> None:
    shared.start()
    stays, number = shared.link()
    goes, _ = shared.link()
    assert shared.stop() == 0
    database = sqlite3.connect(shared.folder / "pairline.sqlite3")
    with database:
        address = dict(database.execute("SELECT id, jid FROM sessions_app_session"))
        for table in ("sessionevent", "session"):
            column = "id" if table == "session" else "session_id"
            database.execute(
                f"DELETE FROM sessions_app_{table} WHERE {column} = ?",  # noqa: S608
                (goes.replace("-", ""),),
            )
    database.close()
    kept, gone = address[stays.replace("-", "")], address[goes.replace("-", "")]
    before = rows_of(url, kept)
    assert before["whatsmeow_device"] == 1 and len(rows_of(url, gone)) >= 3

    said = shared.manage("cleanup_sessions", "diagnostics", check=False).stdout
    done = json.loads(shared.manage("cleanup_sessions", "cleanup", "--json").stdout)

    assert "1 device of no session in the key database" in said
    assert [one["name"] for one in done["deleted"] if "key database" in one["name"]]
    assert rows_of(url, gone) == {}
    assert rows_of(url, kept) == before
    shared.start()
    assert shared.until(stays, status="ready")["phone_number"] == number
