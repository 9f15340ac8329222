"""The verdict of an attack, and its line in the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.neighbours.outcome import Outcome, Seen, render

QUIET = Seen([0.05] * 20, [0.4], [0.2], [0.1])
WELL = Outcome("SQLite", "H7", QUIET, QUIET, 0, (150.0, 160.0), {"200": 30, "429": 4})


@pytest.mark.parametrize(
    ("seen", "missed"),
    [
        (replace(QUIET, pages=[0.05] * 18 + [0.16] * 2), ["page"]),
        (replace(QUIET, codes=[0.4, 2.1]), ["code"]),
        (replace(QUIET, webhooks=[2.1]), ["webhook"]),
        (replace(QUIET, sends=[1.1]), ["send"]),
        (replace(QUIET, sends=[]), ["send"]),
        (replace(QUIET, errors=1), ["errors"]),
        (QUIET, []),
    ],
)
def test_it_names_the_limits_that_were_missed(seen: Seen, missed: list[str]) -> None:
    assert replace(WELL, seen=seen).misses == missed


def test_it_limits_pages_to_300_ms_however_slow_before() -> None:
    slow = replace(QUIET, pages=[0.2] * 20)

    assert replace(WELL, quiet=slow).page_limit_ms == 300


@pytest.mark.parametrize(
    ("columns", "missed"),
    [
        ({"lost": 1}, ["leases"]),
        ({"memory": (150.0, 181.0)}, ["memory"]),
        ({"attacker": {"200": 3, "503": 1}}, ["errors"]),
    ],
)
def test_it_judges_the_process_and_the_attacker(
    columns: dict[str, object], missed: list[str]
) -> None:
    assert replace(WELL, **columns).misses == missed  # type: ignore[arg-type]


def test_it_prints_one_line_for_each_attack() -> None:
    table = render([WELL, replace(WELL, attack="M3", lost=2, note="the DNS answers at once")])

    assert "150 → 160 MB  30×200 4×429        met" in table
    assert "NOT met: leases" in table
    assert "SQLite, M3: the DNS answers at once" in table
    assert "1 of 2 met" in table
