"""Export a query as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ROWS_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns(rows: Any, names: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    """Yield each row of the query ``rows`` as a mapping; ``names`` maps its keys to fields."""
    for row in rows.values_list(*names.values()).iterator(chunk_size=ROWS_AT_ONCE):
        yield dict(zip(names, row, strict=True))


def csv_texts(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Yield the lines of a CSV file. The header is left out if there are no rows."""
    for number, row in enumerate(rows):
        if number == 0:
            yield _line(row.keys())
        yield _line(cell(value) for value in row.values())


def cell(value: object) -> str:
    """Format ``value`` as a cell. A text that a spreadsheet would run as a formula is quoted."""
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
