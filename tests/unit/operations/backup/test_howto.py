"""The how-tos use existing commands and options."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

HOW_TO = Path(__file__).resolve().parents[4] / "docs" / "how-to"
PAGES = ("back-up-every-week.md", "move-to-another-machine.md")


def commands() -> list[str]:
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)
    ]
    return [line for block in blocks for line in block.splitlines() if line.startswith("manage.py")]


@pytest.mark.parametrize("line", commands())
def test_it_accepts_the_commands_of_the_how_tos(line: str) -> None:
    _, name, *arguments = shlex.split(line)

    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)

    assert parser.parse_args(arguments) is not None


def test_it_creates_the_key_file_that_settings_name(tmp_path: Path) -> None:
    settings = {"BACKUP_DIR": str(tmp_path), "BACKUP_KEY_FILE": str(tmp_path / "backup.key")}

    done = subprocess.run(
        [sys.executable, "manage.py", "backup", "--new-key-file", settings["BACKUP_KEY_FILE"]],
        cwd=HOW_TO.parents[1],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "backup.key").exists()


def test_it_uses_four_commands_in_the_how_tos() -> None:
    assert {line.split()[1] for line in commands()} == {"backup", "restore", "migrate", "serve"}
