"""Decide whether numbers that are down at the same time are an outage of the platform. Pure.

In an outage operators get one mail, and customers see a banner instead of getting mails: they
can do nothing, and their numbers reconnect by themselves. Problems of a single number, such as a
logout or a ban, still have their notices.
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
SURELY = 200  # numbers; so many are an outage, whatever their share
OVER_SHARE = 0.1  # of the highest number that was down

SETTLE = timedelta(seconds=30)
"""A number counts after this time: a restart of WhatsApp's servers takes only a second."""

HOLD = timedelta(hours=1)
"""How long an outage holds back the notices of its numbers."""

REOPENED_WITHIN = timedelta(minutes=30)
"""An outage that begins within this time after another continues it, without a second alarm."""


@dataclass(frozen=True)
class OutageExtent:
    """The extent: numbers that are down for reasons in ``OURS``, their accounts, linked numbers."""

    numbers: int
    accounts: int
    linked: int


def begins(down: OutageExtent) -> bool:
    """Return whether this is an outage."""
    if down.numbers < LEAST_NUMBERS or down.accounts < LEAST_ACCOUNTS:
        return False
    return down.numbers >= SURELY or down.numbers >= LEAST_SHARE * down.linked


def is_over(numbers: int, most: int) -> bool:
    """Return whether an outage of ``most`` numbers is over while ``numbers`` are still down."""
    return numbers <= OVER_SHARE * most
