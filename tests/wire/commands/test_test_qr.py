"""``manage.py test_qr`` with the real library: a code or the cause, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wire.engine.expired import Expired
from tests.wire.product import PATIENCE_SECONDS, PROJECT, Product, Simulator, wait_for

LINE = re.compile(
    r"SUCCESS  QR code of (\d+) characters in (\d+\.\d\d) s "
    r"\(\d+\.\d\d s to start the library, \d+\.\d\d s for WhatsApp's answer\)"
)


def left_over(installed: Product) -> list[str]:
    folder = installed.folder / "data" / "whatsapp"
    return [path.name for path in folder.glob("*test*")]


# With a limit on files Python would leave a truncated cache of its own code behind.
NO_CACHE = {"PYTHONDONTWRITEBYTECODE": "1"}


def begin(
    installed: Product, *, before: Callable[[], None] | None = None, **environment: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [installed.python, "manage.py", "test_qr"],
        cwd=PROJECT,
        env={**installed.environment, **environment, **NO_CACHE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )


def run(
    installed: Product, *, before: Callable[[], None] | None = None, **environment: str
) -> tuple[int, str]:
    """The exit code and what was printed."""
    process = begin(installed, before=before, **environment)
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, printed


def test_it_reports_the_duration_and_leaves_no_files(
    installed: Product, simulator: Simulator
) -> None:
    done = installed.manage("test_qr")
    found = LINE.fullmatch(done.stdout.strip())
    assert found and int(found[1]) > 200 and float(found[2]) < 10
    assert left_over(installed) == []
    assert "2@" not in done.stdout + done.stderr


def test_it_draws_the_code_without_writing_its_text(
    installed: Product, simulator: Simulator
) -> None:
    drawn = installed.manage("test_qr", "--show").stdout
    lines = [line for line in drawn.splitlines() if "█" in line]
    assert len(lines) > 20 and len({len(line) for line in lines}) == 1
    assert "2@" not in drawn and "linked_devices" not in drawn
    assert "a scan links nothing" in drawn


def test_it_touches_no_session(installed: Product, simulator: Simulator) -> None:
    installed.manage("test_qr")
    found = json.loads(installed.manage("cleanup_sessions", "cleanup", "--json").stdout)
    assert found["deleted"] == found["kept"] == found["ended"] == []


@pytest.mark.parametrize("how", ["tcp", "proxy", "tls", "noise"])
def test_it_says_that_whatsapp_cannot_be_reached(
    installed: Product, simulator: Simulator, how: str
) -> None:
    simulator.fault("refuse_dial", how=how)
    code, printed = run(installed)
    assert (code, printed.splitlines()[0][:8]) == (1, "FAILED  ")
    assert "simulator" in printed.splitlines()[1]
    assert left_over(installed) == []


def test_it_waits_ten_seconds_at_most(installed: Product, simulator: Simulator) -> None:
    simulator.fault("silent_handshake")
    began = time.monotonic()
    code, printed = run(installed)
    assert (code, printed.splitlines()[0]) == (1, "FAILED  WhatsApp sent no code in 10 s.")
    assert 10 <= time.monotonic() - began < 20  # Django's own start counts, too
    assert left_over(installed) == []


def test_it_says_that_the_clock_is_wrong(installed: Product, tmp_path: Path) -> None:
    with Expired(tmp_path) as expired:
        state = {
            "proxy": expired.proxy,
            "ca_file": str(expired.ca_file),
            "trust_root": "0" * 64,
            "control": "http://127.0.0.1:1",
        }
        (tmp_path / "state.json").write_text(json.dumps(state))
        code, printed = run(installed, WHATSAPP_SIMULATOR=str(tmp_path / "state.json"))
    assert code == 1
    assert "not valid at the time of this machine's clock" in printed
    assert "timedatectl" in printed


def test_it_says_that_the_disk_takes_no_more(installed: Product, simulator: Simulator) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    code, printed = run(installed, before=full)
    assert code == 1
    assert "disk" in printed.lower()
    assert left_over(installed) == []


def test_it_says_that_the_key_folder_cannot_be_used(
    installed: Product, simulator: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    code, printed = run(installed, DATA_DIR=str(tmp_path / "file"))
    assert code == 1
    assert "cannot be used (Not a directory)" in printed and "right to write" in printed


def test_it_says_that_the_simulator_is_not_there(installed: Product, tmp_path: Path) -> None:
    code, printed = run(installed, WHATSAPP_SIMULATOR=str(tmp_path / "missing.json"))
    assert code == 1
    assert "missing.json cannot be read" in printed and "Start the simulator" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_cleans_up_when_it_is_stopped(
    installed: Product, simulator: Simulator, number: int
) -> None:
    simulator.fault("silent_handshake")
    process = begin(installed)
    wait_for(lambda: left_over(installed), "the trial's key store")
    process.send_signal(number)
    printed, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1, errors
    assert printed.startswith("FAILED  Stopped before a code arrived.")
    assert left_over(installed) == []
    assert not _engines_of(process.pid)


def _engines_of(pid: int) -> list[str]:
    """Processes whose parent was ``pid``, or that lost it, and that are engines of this test."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"sessions_app.engine" in words and parent in (pid, os.getpid()):
                found.append(entry.name)
    return found
