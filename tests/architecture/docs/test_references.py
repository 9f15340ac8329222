"""Every file, module and object that the documentation names exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.docs.references import broken
from tests.architecture.sources import PROJECT

PAGES = sorted(
    [
        *PROJECT.glob("*.md"),
        *(PROJECT / "docs").rglob("*.md"),
        *(PROJECT / "simulator").rglob("*.md"),
    ]
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_it_names_only_existing_things_on_a_page(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize(
    "name",
    [
        "core/nothing.py",
        "nothing_of_ours.py",
        "core.tenancy.Nothing",
        "locations.Nothing",
        "docs/nothing.md",
    ],
)
def test_it_notices_names_that_lead_nowhere(name: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"See `{name}` and [this](nothing.md).")

    assert broken(page) == ["nothing.md", name]


@pytest.mark.parametrize(
    "name",
    [
        "core/tenancy.py",
        "gateway/supervisor.py",
        "core.tenancy.of_accounts",
        "locations.Account",
        "conversations.models.Message.objects",
        "tests/unit/<app>/",
        "https://core.example.com/core/x.py",
    ],
)
def test_it_accepts_names_that_lead_somewhere(name: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"See `{name}`.")

    assert broken(page) == []
