"""The explanation of what people are told says of every reason what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifications.incidents.rules import RULES
from sessions_app.lifecycle import Reason
from sessions_app.wording import REASONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "what-people-are-told.md"


@pytest.mark.parametrize("reason", Reason)
def test_it_tells_of_every_reason(reason: Reason) -> None:
    rule = RULES[reason]
    ours = "yes" if rule.ours else ""

    row = f"| `{reason.value}` | {rule.tell.value} | {ours} | {REASONS[reason].sentence} |"

    assert row in PAGE.read_text().splitlines()
