"""docs/explanation/lifecycle.md is generated from the transition table."""

from __future__ import annotations

from tests.architecture.docs.lifecycle_diagram import mermaid, table
from tests.architecture.sources import PROJECT

PAGE = PROJECT / "docs" / "explanation" / "lifecycle.md"


def test_it_shows_the_current_diagram_and_table() -> None:
    page = PAGE.read_text()

    assert mermaid() in page
    assert table() in page
