"""New files are readable by their owner alone, except code and static files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]


def _run(data: Path, *words: str, **more: str) -> None:
    """Run a command of manage.py as a user whose new files everyone may read."""
    environment = {
        **os.environ,
        "DATA_DIR": str(data),
        "DATABASE_URL": f"sqlite:///{data / 'pairline.sqlite3'}",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=environment,
        umask=0o022,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_it_keeps_the_database_private(tmp_path: Path) -> None:
    _run(tmp_path, "migrate", "contenttypes")

    made = list(tmp_path.rglob("*"))
    assert tmp_path / "pairline.sqlite3" in made
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize(("command", "mode"), [("collectstatic", 0o022), ("serve", 0o077)])
def test_it_writes_only_code_for_other_users(command: str, mode: int) -> None:
    ask = (
        "import os; from config.file_modes import keep_files_private; "
        f"keep_files_private('{command}'); print(os.umask(0))"
    )

    done = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=PROJECT,
        umask=0o022,
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(done.stdout) == mode
