"""The parts of a support bundle: size limits, log lines, redacted settings, README."""

from __future__ import annotations

import json
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.logs.rotating_file import NAME
from operations.support_bundles import log_lines
from operations.support_bundles.log_lines import customer_lines, recent_lines
from operations.support_bundles.readme import BundleSummary, render_readme
from operations.support_bundles.settings import redacted_settings
from operations.support_bundles.zip_archive import BundleArchive


def line(session: str | None, number: int, **facts: Any) -> str:
    about = {} if session is None else {"session": session}
    entry = {"at": f"{number:04}", "logger": "sessions_app.x", "message": "Dropped", **about}
    return json.dumps({**entry, **facts}) + "\n"


def write(folder: Path, name: str, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(lines))


def numbers(lines: Any) -> list[int]:
    return [int(json.loads(one)["at"]) for one in lines]


def test_it_merges_recent_lines_of_all_files_in_order(tmp_path: Path) -> None:
    write(tmp_path, f"{NAME}.2", *(line("a", number) for number in range(5)))
    write(tmp_path, f"{NAME}.1", line("b", 5), line(None, 6), line("a", 7), line("c", 8))
    write(tmp_path, NAME, line("a", 9), "torn {", line("b", 10), "[1]\n", line(None, 11))

    found = recent_lines(tmp_path, ["a", "b", "never"], count=3, general=1)

    assert {name: numbers(lines) for name, lines in found.of_sessions.items()} == {
        "a": [4, 7, 9],
        "b": [5],
        "never": [],
    }
    assert numbers(found.general) == [11]


def test_it_returns_no_lines_without_a_log(tmp_path: Path) -> None:
    found = recent_lines(tmp_path / "none", ["a"], count=3, general=3)
    assert (list(found.of_sessions["a"]), list(found.general)) == ([], [])


def test_it_limits_the_log_lines_in_memory(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    write(tmp_path, NAME, *(line("ab"[n % 2], n, message=long) for n in range(20)))
    found = recent_lines(tmp_path, ["a", "b"], count=5_000, general=0)
    held = [one for lines in found.of_sessions.values() for one in lines]
    assert sum(map(len, held)) <= log_lines.MAX_BYTES
    assert {18, 19} <= set(numbers(held))


def test_it_shows_customers_nothing_about_the_machine() -> None:
    ours = line("a", 1, status="ready", error="Traceback /srv/x.py", pid=7, host="web-1")
    foreign = line("a", 2, logger="whatsapp")
    (only,) = customer_lines([ours, foreign])
    assert json.loads(only) == {
        "at": "0001",
        "message": "Dropped",
        "session": "a",
        "status": "ready",
    }


def test_it_redacts_settings_that_are_not_listed() -> None:
    redacted = redacted_settings(
        {
            "A_NEW_ONE": "hunter2",
            "ANOTHER": "",
            "DJANGO_DEBUG": "true",
            "DATABASE_URL": "postgres://u:hunter2@h/d",
            "EMAIL_URL": "hunter2",
            "WHATSAPP_AUTH_STORE": "files",
            "REDIS_URL": "http://[hunter2",
        }
    )
    assert redacted == {
        "A_NEW_ONE": "set",
        "ANOTHER": "not set",
        "DATABASE_URL": "set (postgres)",
        "DJANGO_DEBUG": "true",
        "EMAIL_URL": "set",
        "REDIS_URL": "set",
        "WHATSAPP_AUTH_STORE": "set (files)",
    }


def test_it_writes_a_private_readable_archive(tmp_path: Path) -> None:
    path = tmp_path / "bundles" / "one.zip"
    with BundleArchive(path) as archive:
        archive.add("a.txt", ["one\n", "two\n"])
        archive.add_last("README.txt", "last\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert archive.size == path.stat().st_size
    with zipfile.ZipFile(path) as found:
        assert found.read("a.txt") == b"one\ntwo\n"
        assert found.namelist() == ["a.txt", "README.txt"]


def test_it_limits_an_archive_and_names_truncated_files(tmp_path: Path) -> None:
    noise = random.Random(1)
    piece = [noise.randbytes(50_000).hex() for _ in range(60)]  # 3 MB that zip to half
    with BundleArchive(tmp_path / "one.zip", max_bytes=2_000_000) as archive:
        archive.add("small.txt", ["fits\n"])
        archive.add("large.txt", piece)
        archive.add("more.txt", ["x" * 100_000] * 20)
        archive.add_last("README.txt", "last\n")
    assert archive.size <= 2_000_000
    assert archive.truncated[0] == "large.txt"
    with zipfile.ZipFile(tmp_path / "one.zip") as found:
        assert found.testzip() is None
        assert found.read("README.txt") == b"last\n"


def test_it_raises_for_an_archive_on_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        BundleArchive(tmp_path / "file" / "one.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def contents(**facts: Any) -> BundleSummary:
    usual = {
        "at": datetime(2026, 11, 22, 12, tzinfo=UTC),
        "for_customer": False,
        "shown": 2,
        "total": 2,
        "lines": 50,
        "truncated": [],
    }
    return BundleSummary(**{**usual, **facts})


def test_it_lists_contents_and_exclusions_in_the_readme() -> None:
    text = render_readme(contents())
    for word in ("doctor.json", "settings.json", "2 of 2", "QR and pairing codes", "12:00:00 UTC"):
        assert word in text
    assert "Cut short" not in text


def test_it_names_no_file_of_the_machine_to_customers() -> None:
    text = render_readme(contents(for_customer=True, shown=200, total=340, truncated=["log.jsonl"]))
    assert "settings.json" not in text and "doctor.json" not in text
    assert "nothing about other customers" in text
    assert "200 of 340" in text and "Cut short" in text
