"""Key files, and which SQLite may read them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sessions_app.engine.errors import StartRefused
from sessions_app.engine.keys import sqlite_reader
from sessions_app.engine.keys.files import SqliteKeys

ALICE = "351910000001:2@s.whatsapp.net"
SECRET = "f6" * 32


class DeviceList:
    """A fake of the library's list of devices that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, store: str) -> set[str]:
        self.calls += 1
        return {ALICE}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a key file with Alice's number and one sent message."""
    path = tmp_path / "alice.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
        connection.execute("CREATE TABLE whatsmeow_message_secrets (message_id TEXT, key BLOB)")
        connection.execute("INSERT INTO whatsmeow_device VALUES (?)", (ALICE,))
        row = ("3EB0", bytes.fromhex(SECRET))
        connection.execute("INSERT INTO whatsmeow_message_secrets VALUES (?, ?)", row)
    connection.close()
    return path


def test_it_reads_a_file_only_before_the_library_does(path: Path) -> None:
    """Two copies of SQLite in one process do not see each other's locks."""
    listed = DeviceList()
    SqliteKeys(path, listed).prepare(ALICE)
    assert listed.calls == 0
    SqliteKeys(path, listed).prepare(ALICE)
    assert listed.calls == 1


def test_it_reads_an_open_file_in_a_subprocess(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = SqliteKeys(path, DeviceList())
    assert keys.find_sent([SECRET]) == {SECRET: "3EB0"}
    keys.prepare(ALICE)
    monkeypatch.setattr(sqlite3, "connect", None)
    assert keys.find_sent([SECRET, "00" * 32]) == {SECRET: "3EB0"}


def test_it_raises_a_failure_of_the_subprocess(path: Path) -> None:
    path.write_bytes(os.urandom(5000))
    with pytest.raises(StartRefused) as refused:
        sqlite_reader.sent_in_subprocess(path, [SECRET])
    assert refused.value.code == "keys_damaged"


def test_it_treats_a_recreated_file_as_new(path: Path) -> None:
    listed = DeviceList()
    keys = SqliteKeys(path, listed)
    content = path.read_bytes()
    keys.prepare(ALICE)
    keys.remove()
    path.write_bytes(content)
    keys.prepare(ALICE)
    assert listed.calls == 0


def test_it_creates_an_empty_wal_file_for_a_pairing(path: Path) -> None:
    SqliteKeys(path, DeviceList()).prepare(None)
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_it_finds_nothing_without_a_file(tmp_path: Path) -> None:
    keys = SqliteKeys(tmp_path / "none.db", DeviceList())
    assert keys.find_sent([SECRET]) == {}
    with pytest.raises(StartRefused) as refused:
        keys.prepare(ALICE)
    assert refused.value.code == "keys_missing"


def test_it_searches_for_thousands_of_secrets(path: Path) -> None:
    many = [os.urandom(32).hex() for _ in range(1200)]
    assert sqlite_reader.sent(path, [*many, SECRET]) == {SECRET: "3EB0"}


def test_it_reports_an_unusable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartRefused) as refused:
        SqliteKeys(tmp_path / "file" / "alice.db", DeviceList()).prepare(None)
    assert refused.value.code == "other"
