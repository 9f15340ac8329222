"""The archive: entries, their counts and hashes, and errors when they differ."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from operations.backup.archive import MANIFEST, open_archive, write_archive
from operations.backup.encrypted_file import EncryptedWriter
from operations.backup.errors import BackupDamaged, WrongKey
from operations.backup.secret import Secret

KEY = Secret(b"k", b"k" * 32)


def write(path: Path) -> None:
    with path.open("wb") as file, write_archive(file, KEY) as archive:
        with archive.entry("rows/one.jsonl") as entry:
            for number in range(30_000):
                entry.line(json.dumps({"number": number, "text": "é" * (number % 5)}))
        with archive.entry("keys/a.sqlite3") as entry:
            entry.write(b"\x00\n" * 100_000)
        archive.close({"made_at": "today"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "a.backup")
    return tmp_path / "a.backup"


def test_it_reads_lines_and_bytes_back(path: Path) -> None:
    with open_archive(path, KEY) as archive:
        assert [row["number"] for row in archive.rows("rows/one.jsonl")] == list(range(30_000))
        assert b"".join(archive.blocks("keys/a.sqlite3")) == b"\x00\n" * 100_000
        assert archive.manifest["made_at"] == "today"
        assert list(archive.rows("rows/none.jsonl")) == []


def test_it_counts_and_hashes_each_entry(path: Path) -> None:
    with open_archive(path, KEY) as archive:
        verified = {entry.name: entry for entry in archive.verify()}

    assert verified["rows/one.jsonl"].lines == 30_000
    assert (verified["keys/a.sqlite3"].size, verified["keys/a.sqlite3"].lines) == (200_000, 0)


def _forged(path: Path, entries: dict[str, bytes], manifest: object) -> Path:
    """Write an inconsistent archive, encrypted with the right key."""
    with path.open("wb") as file:
        sealed = EncryptedWriter(file, KEY)
        inside = io.BytesIO()
        with zipfile.ZipFile(inside, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
            archive.writestr(MANIFEST, json.dumps(manifest))
        sealed.write(inside.getvalue())
        sealed.finish()
    return path


@pytest.mark.parametrize(
    ("entries", "listed"),
    [
        ({"a.jsonl": b"{}\n"}, []),
        ({}, [{"name": "a.jsonl", "size": 0, "lines": 0, "sha256": ""}]),
        ({"a.jsonl": b"{}\n"}, [{"name": "a.jsonl", "size": 3, "lines": 2, "sha256": ""}]),
        ({"a.jsonl": b"{}\n"}, [{"name": "a.jsonl", "size": 3, "lines": 1, "sha256": "0" * 64}]),
    ],
    ids=["not listed", "missing", "another count", "another hash"],
)
def test_it_refuses_an_entry_that_differs_from_the_manifest(
    tmp_path: Path, entries: dict[str, bytes], listed: list[object]
) -> None:
    path = _forged(tmp_path / "b.backup", entries, {"format": 1, "entries": listed})

    with open_archive(path, KEY) as archive, pytest.raises(BackupDamaged):
        list(archive.verify())


@pytest.mark.parametrize("manifest", [[], {}, {"format": 1}, {"format": "x", "entries": []}])
def test_it_refuses_an_invalid_manifest(tmp_path: Path, manifest: object) -> None:
    path = _forged(tmp_path / "b.backup", {}, manifest)

    with pytest.raises(BackupDamaged, match="table of contents"), open_archive(path, KEY):
        pass


def test_it_refuses_encrypted_content_that_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "c.backup"
    with path.open("wb") as file:
        EncryptedWriter(file, KEY).finish()

    with pytest.raises(BackupDamaged, match="table of contents"), open_archive(path, KEY):
        pass


def test_it_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BackupDamaged, match="cannot be read"), open_archive(tmp_path / "no", KEY):
        pass


def test_it_refuses_an_unfinished_archive(tmp_path: Path) -> None:
    path = tmp_path / "d.backup"

    def fail() -> None:
        with path.open("wb") as file, write_archive(file, KEY) as archive:
            with archive.entry("a.jsonl") as entry:
                entry.line("{}")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    with pytest.raises((BackupDamaged, WrongKey)), open_archive(path, KEY):
        pass
