"""Apps name only their own templates and those of the apps below them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
APPS = (
    "core",
    "locations",
    "sessions_app",
    "conversations",
    "notifications",
    "operations",
    "config",
)


def _texts(path: Path) -> Iterator[str]:
    """Yield the strings in ``path``, and the constant pieces of its f-strings."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _names_above(app: str) -> Iterator[str]:
    above = tuple(f"{other}/" for other in APPS[APPS.index(app) + 1 :])
    for path in sorted((PROJECT / app).rglob("*.py")):
        for text in _texts(path):
            if text.startswith(above):
                yield f"{path.relative_to(PROJECT)}: {text}"


def test_it_names_no_template_of_an_app_above() -> None:
    assert [name for app in APPS for name in _names_above(app)] == []
