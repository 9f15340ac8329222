"""The files of the key folder: their sessions, and the state of stores."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from sessions_app.cleanup.key_files import StoreState, key_files, store_state


def make_store(path: Path, *, linked: bool) -> Path:
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
        store.executemany("INSERT INTO whatsmeow_device VALUES (?)", [("x" * 500,)] * 20 * linked)
        store.commit()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"{uuid4()}.sqlite3"


def test_it_finds_the_session_in_a_file_name(tmp_path: Path) -> None:
    session = uuid4()
    endings = [
        ".sqlite3",
        ".sqlite3-journal",
        ".sqlite3-wal",
        ".sqlite3-shm",
        ".sqlite3.damaged-1790000000",
        ".journal",
        ".new",
        ".aside",
        ".aside-new",
    ]
    for ending in endings:
        (tmp_path / f"{session}{ending}").write_bytes(b"12345")
    found = key_files(tmp_path)
    assert {file.session for file in found} == {session}
    assert [file.path.name.removeprefix(str(session)) for file in found] == sorted(endings)
    assert [file.path.suffix for file in found if file.is_store] == [".sqlite3"]
    assert [file.path.suffix for file in found if file.is_aside] == [".aside"]
    assert {file.size for file in found} == {5}


@pytest.mark.parametrize(
    "name",
    ["notes.txt", ".write-test-0123", "backup.sqlite3", "pairline.sqlite3", "test-1.sqlite3"],
)
def test_it_ignores_other_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert key_files(tmp_path) == []


def test_it_ignores_folders_and_links(tmp_path: Path) -> None:
    (tmp_path / f"{uuid4()}.sqlite3").mkdir()
    (tmp_path / f"{uuid4()}.sqlite3").symlink_to("/etc/hostname")
    assert key_files(tmp_path) == []


def test_it_finds_no_files_without_a_folder(tmp_path: Path) -> None:
    assert key_files(tmp_path / "missing") == []


@pytest.mark.parametrize("linked", [True, False])
def test_it_finds_a_linked_device(path: Path, linked: bool) -> None:
    expected = StoreState.LINKED if linked else StoreState.EMPTY
    assert store_state(make_store(path, linked=linked), busy=False) is expected


def test_it_finds_a_store_without_tables_empty(path: Path) -> None:
    path.touch()
    assert store_state(path, busy=False) is StoreState.EMPTY


def test_it_finds_a_missing_store(path: Path) -> None:
    assert store_state(path, busy=False) is StoreState.MISSING
    assert store_state(path, busy=True) is StoreState.MISSING
    assert not path.exists()


@pytest.mark.parametrize("busy", [True, False])
def test_it_finds_a_wrong_header_garbled(path: Path, busy: bool) -> None:
    path.write_bytes(b"not a database at all" * 300)
    assert store_state(path, busy=busy) is StoreState.GARBLED


def test_it_finds_a_truncated_store_garbled(path: Path) -> None:
    content = make_store(path, linked=True).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert store_state(path, busy=False) is StoreState.GARBLED


def test_it_finds_overwritten_pages_garbled(path: Path) -> None:
    content = make_store(path, linked=True).read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))
    assert store_state(path, busy=False) is StoreState.GARBLED


def test_it_finds_a_locked_store_closed(path: Path) -> None:
    with closing(sqlite3.connect(make_store(path, linked=True))) as writer:
        writer.execute("PRAGMA locking_mode = EXCLUSIVE")
        writer.execute("BEGIN EXCLUSIVE")
        assert store_state(path, busy=False) is StoreState.CLOSED


def test_it_takes_no_lock_on_a_busy_store(path: Path) -> None:
    with closing(sqlite3.connect(make_store(path, linked=True))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert store_state(path, busy=True) is StoreState.LINKED
