"""Conventions of the code that a machine can check."""

from __future__ import annotations

import re

from tests.architecture.sources import APPS, PROJECT, modules, modules_with

VIEW_MODULES = re.compile(r"(^|_)(views|api|consumers)$")
# Views start from a manager and pass it to locations.access or to a query; they filter nothing.
QUERY = re.compile(
    r"\.(filter|exclude|annotate|aggregate|save|bulk_create|bulk_update)\(|\bQ\("
    r"|\.objects\.(create|get|update|get_or_create|update_or_create)\("
)
# Mail clients have no content security policy, and most of them strip style sheets.
STYLED_INLINE = {"templates/core/mail/mail.html"}


def test_it_imports_neonize_in_the_engine_only() -> None:
    importers = modules_with(r"(?m)^\s*(import neonize|from neonize)", *APPS)

    assert all(name.startswith("sessions_app/engine/") for name in importers)


def test_it_sends_hints_from_one_file() -> None:
    assert modules_with(r"\.group_send\(", *APPS) == {"sessions_app/hints.py"}


def test_it_streams_responses_from_one_file() -> None:
    """A stream that waits for its client anywhere else would hold a query or grow in memory."""
    streams = modules_with(r"StreamingHttpResponse|FileResponse", *APPS)

    assert streams == {"core/web/streaming.py"}


def test_it_decides_statuses_in_one_file() -> None:
    assert modules_with(r"next_transition\(", *APPS) == {
        "sessions_app/lifecycle.py",
        "sessions_app/store/transitions.py",
    }


def test_it_looks_up_rows_through_access_only() -> None:
    assert modules_with(r"get_object_or_404", *APPS) == set()


def test_it_has_no_queries_in_views() -> None:
    views = [module for module in modules(*APPS) if VIEW_MODULES.search(module.stem)]

    assert len(views) > 20
    assert [module.name for module in views if QUERY.search(module.text)] == []


def test_it_has_no_inline_scripts_or_styles() -> None:
    for path in (PROJECT / "templates").rglob("*.html"):
        if str(path.relative_to(PROJECT)) not in STYLED_INLINE:
            assert not re.search(r"\son\w+=|<style|style=|<script>", path.read_text()), path


def test_it_replaces_none_of_our_code_in_tests() -> None:
    replaced = modules_with(
        rf"mock\.patch|MagicMock|monkeypatch\.setattr\(\s*[\"']?({'|'.join(APPS)})", "tests"
    )

    assert replaced <= {"tests/architecture/test_house_rules.py"}


def test_it_names_no_package_index_in_requirements() -> None:
    for name in ("run.txt", "test.txt"):
        text = (PROJECT / "requirements" / name).read_text()
        assert not re.search(r"https?://|--index|--extra-index|--find-links", text)
        assert "neonize==0.5.2" in text
        assert all("==" in line for line in text.splitlines() if re.match(r"^[a-z]", line))
