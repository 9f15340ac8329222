"""Backups of installations that keep the WhatsApp keys in PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pytest_django import Settings

from locations.models import Account
from operations.backup.errors import BackupError, BackupRefused
from operations.backup.restore import restore_all
from operations.backup.restore_session import restore_session
from sessions_app.models import Session
from tests.factory import connect, make_account
from tests.integration.operations.backup.conftest import (
    KEY,
    BackUp,
    Keys,
    linked,
    lose_everything,
    silent,
)

SERVER = os.environ.get("TEST_DATABASE_URL", "")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not SERVER, reason="needs PostgreSQL: the other run of this tier has it"),
]


TABLES = (
    "CREATE TABLE whatsmeow_version (version INTEGER)",
    "CREATE TABLE whatsmeow_device (jid TEXT PRIMARY KEY, noise_key BYTEA)",
    "CREATE TABLE whatsmeow_sessions (our_jid TEXT REFERENCES whatsmeow_device(jid)"
    " ON DELETE CASCADE, their_id TEXT, session BYTEA, PRIMARY KEY (our_jid, their_id))",
    # In alphabetical order, it comes before the table that it references.
    "CREATE TABLE whatsmeow_app_version (jid TEXT PRIMARY KEY REFERENCES whatsmeow_device(jid)"
    " ON DELETE CASCADE, uploaded BOOLEAN)",
    "CREATE TABLE whatsmeow_app_macs (jid TEXT REFERENCES whatsmeow_app_version(jid)"
    " ON DELETE CASCADE, mac BYTEA)",
    "CREATE TABLE whatsmeow_lid_map (lid TEXT PRIMARY KEY, pn TEXT)",
    "INSERT INTO whatsmeow_version VALUES (13)",
)


class KeyDatabase:
    """Tables like the library's, in a separate schema."""

    def __init__(self, url: str) -> None:
        self.url = url
        for statement in TABLES:
            self.ask(statement)

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as keys:
            cursor = keys.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def make(self, session: Session) -> None:
        self.ask("INSERT INTO whatsmeow_device VALUES (%s, %s)", session.jid, b"\x00noise")
        self.ask(
            "INSERT INTO whatsmeow_sessions VALUES (%s, 'a', %s), (%s, 'b', NULL)",
            session.jid, b"\xff" * 40, session.jid,
        )  # fmt: skip
        self.ask("INSERT INTO whatsmeow_app_version VALUES (%s, true)", session.jid)
        self.ask("INSERT INTO whatsmeow_app_macs VALUES (%s, 'mac')", session.jid)
        self.ask("INSERT INTO whatsmeow_lid_map VALUES (%s, '351')", f"lid of {session.jid}")

    def of(self, session: Session) -> list[tuple[object, ...]]:
        return self.ask(
            "SELECT noise_key, their_id, session, uploaded, mac FROM whatsmeow_device"
            " JOIN whatsmeow_sessions ON our_jid = jid JOIN whatsmeow_app_version USING (jid)"
            " JOIN whatsmeow_app_macs USING (jid) WHERE jid = %s ORDER BY their_id",
            session.jid,
        )

    def clear(self) -> None:
        self.ask("DELETE FROM whatsmeow_device")
        self.ask("DELETE FROM whatsmeow_lid_map")


@pytest.fixture
def database(settings: Settings, keys: Keys) -> Iterator[KeyDatabase]:
    schema = f"keys_{uuid4().hex}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}")
        url = f"{SERVER}{'&' if '?' in SERVER else '?'}options=-csearch_path%3D{schema}"
        settings.WHATSAPP_AUTH_STORE = url
        yield KeyDatabase(url)
        server.execute(f"DROP SCHEMA {schema} CASCADE")


EXPECTED = [
    (b"\x00noise", "a", b"\xff" * 40, True, b"mac"),
    (b"\x00noise", "b", None, True, b"mac"),
]


def into_a_file(path: Path, database: KeyDatabase) -> None:
    """Write the same keys to a file, as the library does."""
    path.unlink()
    with closing(sqlite3.connect(path)) as store:
        for statement in TABLES:
            store.execute(statement)
        for table in [statement.split()[2] for statement in TABLES[1:-1]]:
            for row in database.ask(f"SELECT * FROM {table}"):  # noqa: S608
                values = ", ".join("?" * len(row))
                store.execute(f"INSERT INTO {table} VALUES ({values})", row)  # noqa: S608
        store.commit()


def test_it_restores_the_keys_of_every_number(
    keys: Keys, database: KeyDatabase, back_up: BackUp
) -> None:
    sessions = [connect(make_account(name), "Porto") for name in ("Ours", "Theirs")]
    for session in sessions:
        database.make(session)
    made = back_up()
    lose_everything(keys)
    database.clear()

    restore_all(made.path, KEY, silent)

    assert [database.of(session) for session in sessions] == [EXPECTED, EXPECTED]
    assert len(database.ask("SELECT 1 FROM whatsmeow_lid_map")) == 2


def test_it_restores_keys_from_files_to_a_database(
    keys: Keys, database: KeyDatabase, back_up: BackUp, settings: Settings
) -> None:
    session = linked(make_account(), "Porto", keys)
    database.make(session)
    into_a_file(keys.path(session), database)
    database.clear()
    settings.WHATSAPP_AUTH_STORE = "files"
    made = back_up()
    lose_everything(keys)
    settings.WHATSAPP_AUTH_STORE = database.url

    database.ask("UPDATE whatsmeow_version SET version = 14")
    with pytest.raises(BackupRefused, match="different versions of WhatsApp's library"):
        restore_all(made.path, KEY, silent)
    database.ask("UPDATE whatsmeow_version SET version = 13")
    restore_all(made.path, KEY, silent)

    assert database.of(session) == EXPECTED
    assert database.ask("SELECT pn FROM whatsmeow_lid_map") == [("351",)]


def test_it_refuses_keys_from_a_database_for_files(
    keys: Keys, database: KeyDatabase, back_up: BackUp, settings: Settings
) -> None:
    database.make(connect(make_account(), "Porto"))
    made = back_up()
    lose_everything(keys)
    settings.WHATSAPP_AUTH_STORE = "files"

    with pytest.raises(BackupRefused, match="kept in PostgreSQL"):
        restore_all(made.path, KEY, silent)
    assert not Account.objects.exists()


def test_it_restores_one_number_without_changing_other_keys(
    keys: Keys, database: KeyDatabase, back_up: BackUp
) -> None:
    account = make_account()
    lost, other = connect(account, "Porto"), connect(account, "Faro")
    for session in (lost, other):
        database.make(session)
    made = back_up()
    database.ask("DELETE FROM whatsmeow_device WHERE jid = %s", lost.jid)
    database.ask("UPDATE whatsmeow_sessions SET session = 'since'")
    Session.objects.filter(pk=lost.pk).delete()

    restore_session(made.path, KEY, str(lost.pk), silent)

    assert database.of(lost) == EXPECTED
    assert [row[2] for row in database.of(other)] == [b"since", b"since"]


def test_it_leaves_no_keys_of_failed_rows(
    keys: Keys, database: KeyDatabase, back_up: BackUp
) -> None:
    session = connect(make_account(), "Porto")
    database.make(session)
    made = back_up()
    lose_everything(keys)
    database.clear()

    def fail(what: str, done: int, of: int) -> None:
        if what == "rows":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_all(made.path, KEY, fail)
    assert database.of(session) == [] and not Account.objects.exists()


def test_it_reports_missing_key_tables(keys: Keys, database: KeyDatabase, back_up: BackUp) -> None:
    database.make(connect(make_account(), "Porto"))
    made = back_up()
    lose_everything(keys)
    for table in reversed([statement.split()[2] for statement in TABLES[:-1]]):
        database.ask(f"DROP TABLE {table}")

    with pytest.raises(BackupRefused, match="start Pairline once"):
        restore_all(made.path, KEY, silent)
    assert not Account.objects.exists()


def test_it_reports_an_unreachable_key_database(
    keys: Keys, back_up: BackUp, settings: Settings, tmp_path: Path
) -> None:
    settings.WHATSAPP_AUTH_STORE = f"postgres://nobody@/keys?host={tmp_path}"
    connect(make_account(), "Porto")

    with pytest.raises(BackupError, match="key database cannot be used"):
        back_up()
    assert list(tmp_path.glob("*backup*")) == []
