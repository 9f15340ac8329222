from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.data.csv_export import cell, csv_texts

PHONE = "+351912345678"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\u22121"]
BEFORE = ["", " ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\x00", "\x1b", "\u200b", "\ufeff"]


def _opened(*rows: Mapping[str, object], phones: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Return the rows as a spreadsheet reads the file: the mark is dropped, line ends are kept."""
    content = "".join(csv_texts(rows, phones)).encode()
    assert content.startswith(codecs.BOM_UTF8)
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    return list(reader)


def test_it_keeps_phone_numbers_in_their_columns() -> None:
    rows = _opened({"number": PHONE, "name": "Olá"}, phones=("number",))

    assert rows == [{"number": PHONE, "name": "Olá"}]


@pytest.mark.parametrize(
    "text",
    [
        "+351912345678+1",
        f"{PHONE}\n",
        f" {PHONE}",
        "+1",
        "+351 912 345 678",
        "+A1",
        "=1",
        f"+{PHONE}",
    ],
)
def test_it_quotes_anything_else_in_phone_columns(text: str) -> None:
    assert _opened({"number": text}, phones=("number",)) == [{"number": f"'{text}"}]


def test_it_quotes_phone_numbers_in_other_columns() -> None:
    assert _opened({"name": PHONE}, phones=("number",)) == [{"name": f"'{PHONE}"}]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("formula", FORMULAS)
def test_it_quotes_every_form_of_formula(before: str, formula: str) -> None:
    assert cell(before + formula) == f"'{before}{formula}"


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx", "\n"])
def test_it_quotes_texts_after_a_line_break(text: str) -> None:
    assert _opened({"text": text}) == [{"text": f"'{text}"}]


@pytest.mark.parametrize("text", ["", " ", "1 + 1 = 2", " x", "a@example.com", "'=1", "1-2", "é"])
def test_it_leaves_other_texts_unchanged(text: str) -> None:
    assert _opened({"text": text, "end": None}) == [{"text": text, "end": ""}]


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example(' "x",\r\n=1')
def test_it_changes_texts_only_by_an_apostrophe(text: str) -> None:
    ((read,),) = (row.values() for row in _opened({"text": text}))

    assert read in (text, f"'{text}")
    assert unicodedata.normalize("NFKC", read.strip()[:1]) not in tuple("=+-@")


def test_it_begins_an_empty_file_with_the_mark() -> None:
    assert list(csv_texts([])) == ["\ufeff"]
