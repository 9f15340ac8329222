"""The rows of the table, their limits, and the formatting. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any


class Criterion(StrEnum):
    """The statistic of a row's samples that must not exceed the limit."""

    MEDIAN = "median"
    P95 = "p95"
    WORST = "worst"


@dataclass(frozen=True)
class Row:
    """The samples of both sides in ``unit``. With ``above_bare`` the limit is relative to the
    median of bare neonize."""

    name: str
    what: str
    unit: str
    pairline: Sequence[float]
    bare: Sequence[float]
    judged: Criterion
    limit: float
    above_bare: bool = False
    note: str = ""

    @property
    def measured(self) -> float:
        """The statistic that is compared with the limit."""
        return _STATISTICS[self.judged](self.pairline)

    @property
    def at_most(self) -> float:
        """The limit as an absolute number."""
        return self.limit + (median(self.bare) if self.above_bare else 0)

    @property
    def met(self) -> bool:
        return self.measured <= self.at_most

    @property
    def ratio(self) -> float | None:
        """Pairline's median divided by bare neonize's median, or None if that is missing or 0."""
        bare = median(self.bare) if self.bare else 0
        return median(self.pairline) / bare if bare else None

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON data."""
        return {
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "judged": str(self.judged),
            "measured": self.measured,
            "at_most": self.at_most,
            "met": self.met,
            "ratio": self.ratio,
            "pairline": list(self.pairline),
            "bare": list(self.bare),
            "note": self.note,
        }


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least ``share`` (above 0, up to 1) of all samples do not
    exceed. Raises ValueError."""
    if not samples or not 0 < share <= 1:
        raise ValueError("a percentile needs samples, and a share above 0 and up to 1")
    return sorted(samples)[math.ceil(share * len(samples)) - 1]


def p95(samples: Sequence[float]) -> float:
    return percentile(samples, 0.95)


_STATISTICS: dict[Criterion, Callable[[Sequence[float]], float]] = {
    Criterion.MEDIAN: median,
    Criterion.P95: p95,
    Criterion.WORST: max,
}


HEAD = ("", "bare median", "p95", "Pairline median", "p95", "ratio", "judged", "at most", "")


def render(rows: Sequence[Row]) -> str:
    """Format the rows as aligned columns, with the result last and the notes below."""
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    text = [_aligned(line, widths) for line in lines]
    text.insert(1, "─" * max(len(line) for line in text))
    text += [f"{row.name}: {row.note}" for row in rows if row.note]
    missed = sum(not row.met for row in rows)
    text.append(f"{len(rows) - missed} of {len(rows)} met")
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _shown(median(row.bare) if row.bare else None, row.unit),
        _shown(p95(row.bare) if len(row.bare) > 1 else None, row.unit),
        _shown(median(row.pairline), row.unit),
        _shown(p95(row.pairline) if len(row.pairline) > 1 else None, row.unit),
        "–" if row.ratio is None else f"{row.ratio:.1f} ×",
        f"{row.judged} {_shown(row.measured, row.unit)}",
        f"bare + {_shown(row.limit, row.unit)}" if row.above_bare else _shown(row.limit, row.unit),
        "met" if row.met else "NOT met",
    )


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    """Align the description to the left and the numbers to the right."""
    what, *numbers, result = line
    middle = [f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([f"{what:<{widths[0]}}", *middle, result]).rstrip()
