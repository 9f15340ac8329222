"""docs/explanation/notices-and-mails.md lists every reason with the rule of the code."""

from __future__ import annotations

import pytest

from notifications.incidents.rules import RULES
from sessions_app.lifecycle import Reason
from sessions_app.wording import REASONS
from tests.architecture.sources import PROJECT

PAGE = PROJECT / "docs" / "explanation" / "notices-and-mails.md"


@pytest.mark.parametrize("reason", Reason)
def test_it_lists_every_reason_with_its_rule(reason: Reason) -> None:
    rule = RULES[reason]
    ours = "yes" if rule.ours else ""

    row = f"| `{reason.value}` | {rule.timing.value} | {ours} | {REASONS[reason].sentence} |"

    assert row in PAGE.read_text().splitlines()
