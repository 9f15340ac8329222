"""docs/explanation/promises.md names proofs that exist."""

from __future__ import annotations

import re

import pytest

from bench.__main__ import NAMES
from tests.architecture.sources import PROJECT

PAGE = PROJECT / "docs" / "explanation" / "promises.md"
ROW = re.compile(r"^\| ([^|]+\.) \| `([^`]+)` \|[^|]*\|$", re.MULTILINE)
PROOFS = [proof for _, proof in ROW.findall(PAGE.read_text())]


@pytest.mark.parametrize("proof", PROOFS)
def test_it_names_a_proof_that_exists(proof: str) -> None:
    if proof.startswith("bench "):
        assert proof.removeprefix("bench ") in {*NAMES, "neighbours"}
        return
    path, _, test = proof.partition("::")
    assert f"def {test}(" in (PROJECT / path).read_text() or not test


def test_it_proves_every_promise() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    headings = sum(line.startswith("| promise |") for line in lines)

    assert len(PROOFS) == len(lines) - headings
    assert len(PROOFS) > 20
