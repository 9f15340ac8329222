"""What is wrong right now: one list for the operator, to which every app adds its lines."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from django.urls import reverse
from django.utils import timezone

from core import tenancy
from locations.models import Account, AccountState
from locations.standing import ends_soon, standing

logger = logging.getLogger(__name__)
_NAMED = 20  # lines about single accounts; the rest are counted


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


def accounts() -> list[Line]:
    """Those that are suspended, past due, or in the last days of a trial."""
    now = timezone.now()
    rows = Account.objects.exclude(state=AccountState.ACTIVE).order_by("trial_ends_at", "name")
    columns = rows.values_list("pk", "name", "state", "trial_ends_at")
    found: list[Line] = []
    for pk, name, state, ends in columns:
        stands = standing(state, ends, now)
        url = reverse("admin:locations_account_change", args=[pk])
        if stands is AccountState.SUSPENDED:
            text = "suspended: its numbers are paused"
            found.append(
                Line(Urgency.TODAY, name, text, "Settle it, then resume the account.", url)
            )
        elif stands is AccountState.PAST_DUE:
            found.append(Line(Urgency.TODAY, name, "past due", "Settle it, or suspend it.", url))
        elif ends_soon(state, ends, now):
            text = f"the trial ends on {ends:%d %B}"
            found.append(Line(Urgency.KNOW, name, text, "Offer a plan.", url))
    return _shortened(found)


def _shortened(found: list[Line]) -> list[Line]:
    """The first lines as they are, the rest as one for each urgency."""
    rest = Counter(line.urgency for line in found[_NAMED:])
    url = reverse("admin:locations_account_changelist")
    return found[:_NAMED] + [
        Line(urgency, "accounts", f"{count} more like these", "Look through the list.", url)
        for urgency, count in rest.items()
    ]
