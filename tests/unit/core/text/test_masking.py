"""Of a number that is not the operator's business, the last four digits are shown."""

from __future__ import annotations

import pytest

from core.text.masking import masked


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+351912345678", "…5678"), ("+351 912 345 678", "…5678"), ("1234", ""), ("", "")],
)
def test_it_shows_the_last_four_digits(number: str, shown: str) -> None:
    assert masked(number) == shown
