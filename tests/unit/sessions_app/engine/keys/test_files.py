"""Key files, and which SQLite may look at them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sessions_app.engine.errors import StartRefused
from sessions_app.engine.keys import sqlite_reader
from sessions_app.engine.keys.files import FileKeys

ALICE = "351910000001:2@s.whatsapp.net"
SECRET = "f6" * 32


class Asked:
    """The library's list of devices, and how often it was asked for."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, store: str) -> set[str]:
        self.times += 1
        return {ALICE}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file that holds Alice's number and one sent message."""
    path = tmp_path / "alice.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
        connection.execute("CREATE TABLE whatsmeow_message_secrets (message_id TEXT, key BLOB)")
        connection.execute("INSERT INTO whatsmeow_device VALUES (?)", (ALICE,))
        row = ("3EB0", bytes.fromhex(SECRET))
        connection.execute("INSERT INTO whatsmeow_message_secrets VALUES (?, ?)", row)
    connection.close()
    return path


def test_it_reads_a_file_itself_only_before_the_library_opens_it(path: Path) -> None:
    """Two SQLites in one process do not see each other's locks."""
    asked = Asked()
    FileKeys(path, asked).prepare(ALICE)
    assert asked.times == 0
    FileKeys(path, asked).prepare(ALICE)
    assert asked.times == 1


def test_it_asks_a_process_of_its_own_about_a_file_that_is_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = FileKeys(path, Asked())
    assert keys.find_sent([SECRET]) == {SECRET: "3EB0"}
    keys.prepare(ALICE)
    monkeypatch.setattr(sqlite3, "connect", None)
    assert keys.find_sent([SECRET, "00" * 32]) == {SECRET: "3EB0"}


def test_it_passes_a_failure_of_that_process_on(path: Path) -> None:
    path.write_bytes(os.urandom(5000))
    with pytest.raises(StartRefused) as refused:
        sqlite_reader.sent_aside(path, [SECRET])
    assert refused.value.code == "keys_damaged"


def test_it_takes_a_new_file_of_an_old_name_for_a_new_file(path: Path) -> None:
    asked = Asked()
    keys = FileKeys(path, asked)
    content = path.read_bytes()
    keys.prepare(ALICE)
    keys.remove()
    path.write_bytes(content)
    keys.prepare(ALICE)
    assert asked.times == 0


def test_it_begins_an_empty_file_that_is_written_ahead_to_pair_anew(path: Path) -> None:
    FileKeys(path, Asked()).prepare(None)
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_it_finds_nothing_where_there_is_no_file(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "none.db", Asked())
    assert keys.find_sent([SECRET]) == {}
    with pytest.raises(StartRefused) as refused:
        keys.prepare(ALICE)
    assert refused.value.code == "keys_missing"


def test_it_finds_secrets_in_thousands(path: Path) -> None:
    many = [os.urandom(32).hex() for _ in range(1200)]
    assert sqlite_reader.sent(path, [*many, SECRET]) == {SECRET: "3EB0"}


def test_it_names_the_failure_of_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartRefused) as refused:
        FileKeys(tmp_path / "file" / "alice.db", Asked()).prepare(None)
    assert refused.value.code == "other"
