"""The log on disk: bounded, shared by processes, for our eyes only, and never in anybody's way."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from config.logging import JsonFormatter
from core.logs.disk_handler import DiskLog
from core.logs.rotating_file import NAME, OLD_ONES, LogFile, files_of

QR = "2@" + "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMTI=," * 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "logs"


def logger_to(handler: DiskLog) -> logging.Logger:
    """A logger of this test's own that writes to ``handler`` alone."""
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(f"test.{uuid4()}")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return logger


@pytest.fixture
def log(folder: Path) -> logging.Logger:
    return logger_to(DiskLog(folder))


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def written(log: logging.Logger) -> None:
    for handler in log.handlers:
        handler.flush()


def test_it_logs_each_line_as_one_private_json_object(log: logging.Logger, folder: Path) -> None:
    log.info("Session %s", "connected", extra={"session": "a"})
    written(log)
    (entry,) = entries(folder)
    assert (entry["message"], entry["session"]) == ("Session connected", "a")
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_it_lets_no_secret_through(log: logging.Logger, folder: Path) -> None:
    log.warning("code %s", QR, extra={"to": "+351912345678"})
    try:
        raise ValueError(f"bad {QR}")
    except ValueError:
        log.exception("It failed")
    written(log)
    text = (folder / NAME).read_text()
    assert "Zm9vYmFy" not in text and "91234" not in text
    assert entries(folder)[1]["error"].endswith("ValueError: bad …")


def test_it_logs_values_as_they_were_then(log: logging.Logger, folder: Path) -> None:
    counts = [1]
    log.info("counts %s", counts)
    counts.append(2)
    written(log)
    assert entries(folder)[0]["message"] == "counts [1]"


def test_it_bounds_the_space_of_the_log(folder: Path) -> None:
    file = LogFile(folder, max_bytes=1_000)
    for number in range(200):
        file.append(f"{number:099}\n".encode())
    file.close()
    sizes = [path.stat().st_size for path in files_of(folder)]
    assert sizes == [1_000] * (1 + OLD_ONES)
    assert int((folder / NAME).read_text().splitlines()[-1]) == 199
    assert {path.name for path in folder.iterdir()} == {
        ".lock",
        *(path.name for path in files_of(folder)),
    }


def test_it_moves_aside_what_cannot_be_opened(folder: Path) -> None:
    (folder / NAME).mkdir(parents=True)  # root, as whom tests may run, can open any file
    file = LogFile(folder)
    file.append(b"ours\n")
    file.close()
    assert (folder / NAME).read_text() == "ours\n"
    assert (folder / f"{NAME}.1").is_dir()


def test_it_shares_the_log_without_losing_a_line(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.logs.rotating_file import LogFile\n"
        "file = LogFile(Path(sys.argv[1]), max_bytes=12_000)\n"
        "for number in range(400): file.append(f'{sys.argv[2]} {number:090}\\n'.encode())\n"
    )
    project = Path(__file__).resolve().parents[4]
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), name], cwd=project)
        for name in "ab"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    found = "".join(path.read_text() for path in reversed(files_of(folder))).splitlines()
    for name in "ab":
        numbers = [int(line.split()[1]) for line in found if line.startswith(name)]
        assert numbers == list(range(400 - len(numbers), 400))
    assert len(found) > 300
    at_once = 12_000 + len(found[0]) + 1  # both saw room for one more line
    assert all(path.stat().st_size <= at_once for path in files_of(folder))


def test_it_loses_lines_but_no_time_on_full_disks(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("in the way")
    handler = DiskLog(folder, waiting=50)
    log = logger_to(handler)
    began = time.monotonic()
    for number in range(500):
        log.info("line %d", number)
    assert time.monotonic() - began < 1.0
    handler.flush()
    folder.unlink()
    log.info("room again")
    handler.flush()
    told = [entry["message"] for entry in entries(folder)]
    assert told == ["500 log lines were lost: the disk was full or slow", "room again"]


def test_it_survives_a_fact_that_cannot_be_written(log: logging.Logger, folder: Path) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    log.info("before")
    log.info("broken", extra={"fact": Broken()})
    log.info("after")
    written(log)
    assert [entry["message"] for entry in entries(folder)][:1] == ["before"]
    assert entries(folder)[-1]["message"] == "after"
