"""The how-tos type commands that exist, with options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
PAGES = ("back-up-every-week.md", "move-to-another-machine.md")


def commands() -> list[str]:
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)
    ]
    return [line for block in blocks for line in block.splitlines() if line.startswith("manage.py")]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_how_to_is_understood(line: str) -> None:
    _, name, *arguments = shlex.split(line)

    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)

    assert parser.parse_args(arguments) is not None


def test_it_finds_the_commands() -> None:
    assert {line.split()[1] for line in commands()} == {"backup", "restore", "migrate", "serve"}
