"""Every variable is read in one place and told in two: .env.example and the README's table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

APPS = (
    "core",
    "locations",
    "sessions_app",
    "conversations",
    "notifications",
    "operations",
    "config",
)
PROJECT = Path(__file__).resolve().parents[2]
READERS = {"text", "boolean", "integer", "words", "choice", "database", "email", "keys"}


def _read_in_code() -> set[str]:
    names = set()
    for path in (PROJECT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and node.func.attr in READERS
                and isinstance(node.args[0], ast.Constant)
            ):
                names.add(str(node.args[0].value))
    return names


def _told(text: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, text, re.MULTILINE))


def test_it_lists_every_variable_in_the_example_file() -> None:
    example = (PROJECT / ".env.example").read_text()

    assert _told(example, r"^([A-Z_]+)=") == _read_in_code()


def test_it_lists_every_variable_in_the_readme() -> None:
    readme = (PROJECT / "README.md").read_text()

    assert _told(readme, r"^\| `([A-Z_]+)` \|") == _read_in_code()


def test_it_reads_the_environment_in_one_module_only() -> None:
    # launch.py prepares the environment of what it starts; engine_process.py hands an
    # allow-listed part of it on.
    allowed = {
        "config/env.py",
        "config/bootstrap.py",
        "config/asgi.py",
        "sessions_app/gateway/engine_process.py",
    }
    readers = {
        str(path.relative_to(PROJECT))
        for app in (
            "core",
            "locations",
            "sessions_app",
            "conversations",
            "notifications",
            "operations",
            "config",
        )
        for path in (PROJECT / app).rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", path.read_text())
    }

    assert readers <= allowed
