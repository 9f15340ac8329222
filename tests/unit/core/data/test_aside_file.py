"""The file for lines that could not be handled stays inside its bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.data import aside_file


def test_it_keeps_lines_in_order_and_private(tmp_path: Path) -> None:
    path = tmp_path / "a.aside"

    assert aside_file.count(path) == 0
    assert aside_file.add(path, [b"one", b"two"]) == []
    assert aside_file.add(path, [b"three"]) == []

    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert aside_file.count(path) == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_adds_a_line_only_once(tmp_path: Path) -> None:
    path = tmp_path / "a.aside"

    for _ in range(3):
        assert aside_file.add(path, [b"one", b"one"]) == []

    assert aside_file.count(path) == 1


def test_it_returns_lines_beyond_its_count(tmp_path: Path) -> None:
    path = tmp_path / "a.aside"
    lines = [b"%d" % number for number in range(aside_file.MAX_LINES + 2)]

    assert aside_file.add(path, lines) == lines[-2:]
    assert aside_file.add(path, [b"more"]) == [b"more"]
    assert aside_file.count(path) == aside_file.MAX_LINES


def test_it_stays_within_its_size(tmp_path: Path) -> None:
    path = tmp_path / "a.aside"
    lines = [b"%d" % number * 2_000_000 for number in range(10)]

    assert aside_file.add(path, lines) == lines[7:]
    assert path.stat().st_size <= aside_file.MAX_BYTES


def test_it_changes_nothing_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.aside"
    aside_file.add(path, [b"one"])
    (tmp_path / "a.aside-new").symlink_to("/dev/full")  # every write fails with ENOSPC

    with pytest.raises(OSError, match=os.strerror(28)):
        aside_file.add(path, [b"two"])

    assert path.read_bytes() == b"one\n"
