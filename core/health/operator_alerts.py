"""What is wrong right now: one list for the operator, to which every app adds its lines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from core import tenancy

logger = logging.getLogger(__name__)


class Urgency(IntEnum):
    """In the order in which an operator takes things up."""

    NOW = 0  # customers are without service, and only an operator can help
    TODAY = 1  # somebody has to act, or is without service by an act of his own
    KNOW = 2  # nothing breaks yet


URGENCY_LABELS = {Urgency.NOW: "Now", Urgency.TODAY: "Today", Urgency.KNOW: "To know"}


@dataclass(frozen=True)
class Line:
    """One thing that is wrong: ``what`` it is about, how it is, and the next step with the
    ``url`` where it is taken ("" when that is not in the site). Never a code, a key, a message or
    a whole phone number."""

    urgency: Urgency
    what: str
    text: str
    step: str = ""
    url: str = ""

    @property
    def label(self) -> str:
        return URGENCY_LABELS[self.urgency]


Look = Callable[[], Iterable[Line]]
_LOOKS: dict[str, Look] = {}


def register_look(name: str, look: Look) -> None:
    """Let ``look`` add its lines. It runs with everyone's rows, takes a few queries whatever the
    number of rows, and waits for nothing outside."""
    _LOOKS[name] = look


def lines() -> list[Line]:
    """Everything that is wrong, the most urgent first. Never raises: a look that fails is one."""
    found: list[Line] = []
    with tenancy.everyone():
        for name, look in _LOOKS.items():
            try:
                found += look()
            except Exception as error:  # whatever it is, the other looks go on
                logger.exception("A look at what is wrong failed", extra={"look": name})
                text = f"cannot be looked at: {type(error).__name__}"
                found.append(Line(Urgency.NOW, name, text, "The log has the whole error."))
    return sorted(found, key=lambda line: line.urgency)
