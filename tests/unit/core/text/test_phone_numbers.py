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
        ("+351\u00a0912\u00a0345\u00a0678", "+351912345678"),
        ("+1 (555) 010-0001", "+15550100001"),
        ("+44 (0)20 7946 0000", "+442079460000"),
        ("+39 06 1234 5678", "+390612345678"),  # here the zero belongs to the number
    ],
)
def test_it_reads_numbers_as_people_write_them(typed: str, number: str) -> None:
    assert e164(typed) == number


@pytest.mark.parametrize("typed", ["", "912345678", "+", "+12", "+0351912345678", "+999123456789"])
def test_it_says_how_to_write_one(typed: str) -> None:
    with pytest.raises(NotANumber, match="country code"):
        e164(typed)


@given(st.one_of(st.text(), st.from_regex(r"\+[0-9 ().\-/]{4,32}", fullmatch=True)))
@example("+430000")  # possible by Austria's plan, but too short for WhatsApp
def test_whatever_is_typed_it_answers_with_e164_or_refuses(typed: str) -> None:
    try:
        number = e164(typed)
    except NotANumber:
        return
    assert _WRITTEN.fullmatch(number)
    assert e164(number) == number
