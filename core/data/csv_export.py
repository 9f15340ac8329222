"""Export a query as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import dropwhile
from typing import Any

from core.data.row_batches import values_in_batches
from core.text.phone_numbers import is_e164

BOM = "\ufeff"  # without it, Excel reads UTF-8 as the code page of the computer
_STARTS_FORMULA = frozenset("=+-@\u2212")  # the last one is the minus sign of typographers
_BREAKS = ("\t", "\r", "\n")
# Separators, control and invisible characters: some spreadsheets drop them before a formula.
_DROPPED = frozenset(("Zs", "Zl", "Zp", "Cc", "Cf"))


def columns(rows: Any, names: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
    """Yield each row of the query ``rows`` as a mapping; ``names`` maps its keys to fields. The
    order of ``rows`` is one that ``values_in_batches`` accepts."""
    for row in values_in_batches(rows, *names.values()):
        yield dict(zip(names, row, strict=True))


def csv_texts(rows: Iterable[Mapping[str, object]], phones: Collection[str] = ()) -> Iterator[str]:
    """Yield a byte order mark and the lines of a CSV file; the header only if there are rows.

    ``phones`` are the columns in which telephone numbers (E.164) stay as they are.
    """
    yield BOM
    for number, row in enumerate(rows):
        if number == 0:
            yield _line(row.keys())
        yield _line(cell(value, phone=name in phones) for name, value in row.items())


def cell(value: object, *, phone: bool = False) -> str:
    """Format ``value`` as a cell. An apostrophe goes before a text that a spreadsheet would run
    as a formula, but not before a telephone number (E.164) in a ``phone`` column."""
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if phone and is_e164(text):
        return text
    return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    if text.startswith(_BREAKS):
        return True
    first = next(dropwhile(_is_dropped, text), "")
    # Spreadsheets in East Asia take the full-width forms of these signs for the usual ones.
    return unicodedata.normalize("NFKC", first) in _STARTS_FORMULA


def _is_dropped(character: str) -> bool:
    return unicodedata.category(character) in _DROPPED


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
