"""Comments and docstrings name only files, modules and objects that exist."""

from __future__ import annotations

import re

import pytest

from tests.architecture.docs.references import broken_names
from tests.architecture.sources import APPS, modules


@pytest.mark.parametrize("folder", [*APPS, "bench", "simulator", "tests"])
def test_it_names_only_existing_things_in_comments(folder: str) -> None:
    found = [
        f"{module.name}:{line}: {name}"
        for module in modules(folder)
        for line, remark in module.full_remarks()
        for name in broken_names(re.sub(r"\S*[<*…]\S*|\S+://\S+", "", remark).replace(". ", " "))
    ]

    assert not found, f"{len(found)} names\n" + "\n".join(found)
