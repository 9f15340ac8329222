"""``bin/run --demo``: no other user of the machine can read what it writes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.wire.product import PROJECT, call, free_port, wait_for

LEFT_OUT = {"data", "tests", "docs", "bench", "staticfiles"}


def _copy_of_the_code(folder: Path) -> Path:
    """Return a copy of the project: the demo writes its settings and data beside the code."""
    copy = folder / "pairline"
    shutil.copytree(PROJECT, copy, symlinks=True, ignore=_left_out)
    return copy


def _left_out(folder: str, names: list[str]) -> set[str]:
    hidden = {name for name in names if name.startswith((".", "__pycache__"))}
    return hidden | (LEFT_OUT & set(names) if Path(folder) == PROJECT else set())


def test_it_writes_private_files_in_the_demo(tmp_path: Path) -> None:
    code, port = _copy_of_the_code(tmp_path), free_port()
    known = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    demo = subprocess.Popen(
        [sys.executable, "-m", "config.bootstrap", "--demo", "--port", str(port)],
        cwd=code,
        env=known,
        umask=0o022,
        stdout=subprocess.DEVNULL,
    )
    try:
        page = f"http://127.0.0.1:{port}/healthz"
        wait_for(lambda: demo.poll() is not None or _responds(page), "the demo")
        written = list((code / "data").rglob("*"))

        assert "pairline.sqlite3" in {path.name for path in written}
        assert [str(path) for path in written if path.lstat().st_mode & 0o077] == []
        assert (code / "data").stat().st_mode & 0o077 == 0
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(60)


def _responds(page: str) -> bool:
    try:
        return call("GET", page)[0] == 200
    except OSError:
        return False
