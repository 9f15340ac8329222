"""Habits that a machine can check, so that they cannot rot."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

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
JUNK_DRAWERS = {"utils.py", "helpers.py", "services.py", "managers.py", "misc.py", "common.py"}
FILE_LINES = 300
FUNCTION_LINES = 45


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _files_with(pattern: str, *folders: str) -> set[str]:
    return {
        str(path.relative_to(PROJECT))
        for path in _sources(*folders)
        if re.search(pattern, path.read_text())
    }


def test_it_has_no_junk_drawers() -> None:
    assert [p for p in _sources(*APPS, "simulator", "bench") if p.name in JUNK_DRAWERS] == []


def test_it_imports_neonize_in_the_engine_only() -> None:
    importers = _files_with(r"^\s*(import neonize|from neonize)", *APPS)

    assert all(name.startswith("sessions_app/engine/") for name in importers)


def test_it_sends_hints_from_one_file() -> None:
    assert _files_with(r"\.group_send\(", *APPS) == {"sessions_app/hints.py"}


def test_it_chooses_statuses_in_one_file() -> None:
    assert _files_with(r"next_transition\(", *APPS) == {
        "sessions_app/lifecycle.py",
        "sessions_app/store/transitions.py",
    }


def test_it_looks_rows_up_for_people_through_one_door() -> None:
    assert _files_with(r"get_object_or_404", *APPS) == set()


def test_it_has_no_queries_in_views() -> None:
    for path in _sources(*APPS):
        if path.name in ("views.py", "api.py"):
            assert not re.search(r"\.filter\(|\bQ\(|\.save\(", path.read_text()), path


def test_it_has_no_scripts_or_styles_inline() -> None:
    for path in (PROJECT / "templates").rglob("*.html"):
        if path.parts[-3:] == (
            "core",
            "mail",
            "mail.html",
        ):  # a mail: no policy there, and stylesheets are stripped
            continue
        text = path.read_text()
        assert not re.search(r"\son\w+=|<style|style=|<script>", text), path


def test_it_replaces_nothing_of_its_own_in_tests() -> None:
    replaced = _files_with(
        r"mock\.patch|MagicMock|monkeypatch\.setattr\(\s*[\"']?(config|locations|sessions_app|conversations)",
        "tests",
    )

    assert replaced <= {"tests/architecture/test_house_rules.py"}


@pytest.mark.parametrize("folder", [*APPS, "simulator", "bench"])
def test_it_keeps_files_and_functions_short(folder: str) -> None:
    long_files, long_functions = [], []
    for path in _sources(folder):
        text = path.read_text()
        if text.count("\n") > FILE_LINES:
            long_files.append(f"{path.relative_to(PROJECT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long_functions.append(f"{path.relative_to(PROJECT)}:{node.name} {lines} lines")

    assert (long_files, long_functions) == ([], [])


def test_it_names_no_index_in_its_pinned_requirements() -> None:
    for name in ("run.txt", "test.txt"):
        text = (PROJECT / "requirements" / name).read_text()
        assert not re.search(r"https?://|--index|--extra-index|--find-links", text)
        assert "neonize==0.5.2" in text
        assert all("==" in line for line in text.splitlines() if re.match(r"^[a-z]", line))
