"""Export a query as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ROWS_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns(rows: Any, names: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    """Each of ``rows`` (a query) with the fields ``names`` has, by their names outside."""
    for row in rows.values_list(*names.values()).iterator(chunk_size=ROWS_AT_ONCE):
        yield dict(zip(names, row, strict=True))


def csv_texts(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The lines of a CSV, with a header when there is any row."""
    for number, row in enumerate(rows):
        if number == 0:
            yield _line(row.keys())
        yield _line(cell(value) for value in row.values())


def cell(value: object) -> str:
    """``value`` as a cell: a text that a spreadsheet would take for a formula gets a quote in
    front of it."""
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
