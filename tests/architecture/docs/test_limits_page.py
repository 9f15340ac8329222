"""docs/explanation/limits.md shows the limits of the code."""

from __future__ import annotations

import importlib
import re

import pytest

from locations.plans.action_limits import ActionLimit, Limit
from tests.architecture.sources import PROJECT

PAGE = PROJECT / "docs" / "explanation" / "limits.md"
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| `([\w.]+)` \| ([^|]+?) \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text())
PERIODS = {60: "per minute", 600: "in 10 minutes", 3_600: "per hour", 86_400: "per day"}
UNITS = {"KiB": 1024, "MiB": 1024**2, "GB": 10**9, "hours": 3_600}


@pytest.mark.parametrize(("limit", "where"), [row[1:3] for row in ROWS])
def test_it_shows_the_limit_of_the_code(limit: str, where: str) -> None:
    value = value_of(where)

    if isinstance(value, Limit):
        assert limit == f"{value.most:,} {PERIODS[value.seconds]}"
    else:
        number, _, unit = limit.partition(" ")
        assert float(number.replace(",", "")) * UNITS.get(unit, 1) == value


def test_it_lists_every_limit_of_an_action() -> None:
    listed = {where.rpartition(".")[2] for _, _, where, _ in ROWS if ".ActionLimit." in where}

    assert listed == {limit.name for limit in ActionLimit}


def test_it_gives_a_reason_for_each_limit() -> None:
    assert len(ROWS) == sum(line.startswith("| ") for line in PAGE.read_text().splitlines()) - 3


def value_of(where: str) -> float | Limit:
    """Return a limit by its dotted name, or by the name of its environment variable."""
    if "." not in where:
        readme = (PROJECT / "README.md").read_text()
        (default,) = re.findall(rf"^\| `{where}` \| `(\d+)` \|", readme, re.MULTILINE)
        return float(default)
    module, _, name = where.rpartition(".")
    if module.endswith(".ActionLimit"):
        return ActionLimit[name].value
    value: float = getattr(importlib.import_module(module), name)
    return value
