"""WhatsApp addresses."""

from __future__ import annotations

import pytest

from sessions_app.engine import jids
from sessions_app.engine.jids import Jid


@pytest.mark.parametrize(
    "text", ["351912345678:4@s.whatsapp.net", "351912345678@s.whatsapp.net", "7700112233@lid"]
)
def test_it_parses_and_formats_an_address(text: str) -> None:
    assert jids.text(jids.parse(text)) == text


@pytest.mark.parametrize("text", ["", "351912345678", "a@s.whatsapp.net", "1@x y", "1:2:3@lid"])
def test_it_rejects_a_bad_address_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a WhatsApp address") as error:
        jids.parse(text)
    assert not text or text not in str(error.value)


def test_it_takes_the_number_from_either_address() -> None:
    hidden, number = Jid("7700112233", 3, "lid"), Jid("351912345678", 0, "s.whatsapp.net")
    assert jids.phone(hidden, number) == jids.phone(number, hidden) == "+351912345678"
    assert jids.phone(hidden, Jid("", 0, "")) == ""


def test_it_recognizes_a_hidden_address() -> None:
    assert jids.hidden("7700112233@lid") == "7700112233"
    assert jids.hidden("351912345678@s.whatsapp.net") == ""
