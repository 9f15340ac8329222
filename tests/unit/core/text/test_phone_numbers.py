from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text.phone_numbers import NotANumber, e164

_WRITTEN = re.compile(r"\+[1-9][0-9]{6,14}")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+351912345678", "+351912345678"),
        ("  +351 912-345.678 ", "+351912345678"),
        ("+351 (912) 345.678", "+351912345678"),
        ("+351\u00a0912\u00a0345\u00a0678", "+351912345678"),
        ("+1 (555) 010-0001", "+15550100001"),
        ("+44 (0)20 7946 0000", "+442079460000"),
        ("+39 06 1234 5678", "+390612345678"),  # in Italy the zero is part of the number
    ],
)
def test_it_reads_numbers_as_users_write_them(typed: str, number: str) -> None:
    assert e164(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "912345678",
        "00351912345678",
        "+",
        "+0123456789",
        "+0351912345678",
        "+12",
        "+35191234567890123456",
        "+999123456789",
        "+1 800 FLOWERS",
        "+351912345678 ext 9",
        "+351912345678\n+351912345679",
        "+٣٥١٩١٢٣٤٥٦٧٨",
        "alice",
        "\x00",
    ],
)
def test_it_explains_how_to_write_a_number(typed: str) -> None:
    with pytest.raises(NotANumber, match="country code"):
        e164(typed)


@given(st.one_of(st.text(), st.from_regex(r"\+[0-9 ().\-/]{4,32}", fullmatch=True)))
@example("+430000")  # valid in Austria's numbering plan, but too short for WhatsApp
def test_it_returns_e164_or_refuses_any_text(typed: str) -> None:
    try:
        number = e164(typed)
    except NotANumber:
        return
    assert _WRITTEN.fullmatch(number)
    assert e164(number) == number
