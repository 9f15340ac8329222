"""When numbers that are down together are an outage of the platform. Pure.

Then operators hear of it once, and customers see a banner instead of a mail each: they can do
nothing, and their numbers come back by themselves. What is the fault of one number alone, a
logout or a ban, is told as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from notifications.incidents.rules import RULES

OURS = frozenset(str(reason) for reason, rule in RULES.items() if rule.ours)
"""The reasons that may be the platform's fault."""

LEAST_NUMBERS = 10
LEAST_ACCOUNTS = 3
LEAST_SHARE = 0.1  # of all linked numbers
SURELY = 200  # numbers; so many are an outage whatever their share
OVER_SHARE = 0.1  # of the most that were down

SETTLE = timedelta(seconds=30)
"""A number counts once it has been down so long: a restart of WhatsApp's servers takes a second."""

HOLD = timedelta(hours=1)
"""So long an outage keeps its numbers from being told one by one; then their people must know."""

REOPENED_WITHIN = timedelta(minutes=30)
"""What begins so soon after an outage is the same one: no second alarm."""


@dataclass(frozen=True)
class Down:
    """How many numbers are down for reasons of ``OURS``, of how many accounts, of how many that
    are linked at all."""

    numbers: int
    accounts: int
    linked: int


def begins(down: Down) -> bool:
    """Whether this is an outage."""
    if down.numbers < LEAST_NUMBERS or down.accounts < LEAST_ACCOUNTS:
        return False
    return down.numbers >= SURELY or down.numbers >= LEAST_SHARE * down.linked


def is_over(numbers: int, most: int) -> bool:
    """Whether an outage of ``most`` numbers is over when ``numbers`` of them are still down."""
    return numbers <= OVER_SHARE * most
