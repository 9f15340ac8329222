"""How a trial connection went, in lines for operators. Pure."""

from __future__ import annotations

from collections.abc import Callable

from sessions_app.findings_report import plain
from sessions_app.trial import Failure, Success

Paint = Callable[[str], str]


def lines(outcome: Success | Failure, good: Paint = plain, bad: Paint = plain) -> list[str]:
    """Whether a code came, and how fast; or why not, and what to do. Never the code."""
    if isinstance(outcome, Failure):
        return [f"{bad('FAILED')}  {outcome.cause}", f"        {outcome.next_step}"]
    library, answer = outcome.library_seconds, outcome.answer_seconds
    return [
        f"{good('SUCCESS')}  QR code of {outcome.characters} characters in "
        f"{library + answer:.2f} s ({library:.2f} s to start the library, {answer:.2f} s for "
        "WhatsApp's answer)"
    ]
