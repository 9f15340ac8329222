"""The explanation of the lifecycle is drawn from the table."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.lifecycle_diagram import mermaid, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "lifecycle.md"


def test_it_shows_the_diagram_and_the_table_as_they_are() -> None:
    page = PAGE.read_text()

    assert mermaid() in page
    assert table() in page
