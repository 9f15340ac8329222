from __future__ import annotations

import pytest

from conversations.models import MAX_TEXT_CHARACTERS
from conversations.rules import BadText, checked_text


@pytest.mark.parametrize("text", ["Hello", " é" * (MAX_TEXT_CHARACTERS // 2), "👩‍⚕️\n\n- one"])
def test_it_returns_a_valid_text_unchanged(text: str) -> None:
    assert checked_text(text) == text


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "Write a text"),
        (" \n\t\u00a0", "Write a text"),
        ("x" * (MAX_TEXT_CHARACTERS + 1), "at most 65,536 characters"),
        ("nul \x00 inside", "Remove them"),
        ("half \ud83d of a pair", "Remove them"),
    ],
)
def test_it_refuses_a_text_that_cannot_be_sent(text: str, advice: str) -> None:
    with pytest.raises(BadText, match=advice) as caught:
        checked_text(text)

    assert caught.value.code == "bad_text"
