"""Comments and docstrings avoid words for which plain English has a better one.

"told" and "whoever" hide the actor: name the user, the caller, the recipient. For "nobody" and
"somebody" write "no one", "a user" or the role. Use "they" for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.architecture.sources import APPS, Module, modules

AVOIDED = re.compile(r"\b(told|whoever|nobody|somebody|he|his|him)\b", re.IGNORECASE)
# Uses that are right: part of the line, and why.
ALLOWED = {
    '"told" and "whoever" hide': "The rule itself.",
    '"somebody" write': "The rule itself.",
}


def avoided(found: Iterable[Module]) -> list[str]:
    """Return ``file:line: word: text`` of each use in comments and docstrings of ``found``."""
    return [
        f"{module.name}:{line + offset}: {match[0]}: {text.strip()}"
        for module in found
        for line, remark in module.remarks()
        for offset, text in enumerate(remark.splitlines())
        if (match := AVOIDED.search(text)) and not any(part in text for part in ALLOWED)
    ]


@pytest.mark.parametrize("folder", [*APPS, "bench", "simulator", "tests"])
def test_it_avoids_words_of_the_list(folder: str) -> None:
    found = avoided(modules(folder))

    assert not found, f"{len(found)} uses\n" + "\n".join(found)
