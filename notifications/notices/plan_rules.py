"""What the owners of an account are told of its trial and its standing, and when. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from locations.models.plans import AccountState
from locations.plans.account_state import GRACE

TRIAL_ENDS = "trial_ends"
TRIAL_ENDED = "trial_ended"
SUSPENDED = "suspended"
RESUMED = "resumed"
PAST_DUE = "past_due"
PLAN = "plan"

_DAY = timedelta(days=1)
MILESTONES: tuple[tuple[timedelta, str], ...] = (
    (-3 * _DAY, TRIAL_ENDS),
    (-1 * _DAY, TRIAL_ENDS),
    (timedelta(), TRIAL_ENDED),
    (GRACE, SUSPENDED),
)
"""From the end of a trial, and what is told there."""

FRESH = timedelta(days=2)
"""A milestone that was passed longer ago is not told any more."""


def milestone(ends_at: datetime, now: datetime) -> int | None:
    """The place in ``MILESTONES`` of the one to be told at ``now`` of a trial that ends, or ended,
    at ``ends_at``: the latest that was passed. None when there is none, or it is old news."""
    passed = [place for place, (after, _) in enumerate(MILESTONES) if ends_at + after <= now]
    if not passed or now - (ends_at + MILESTONES[passed[-1]][0]) > FRESH:
        return None
    return passed[-1]


def change_of(before: AccountState, after: AccountState, *, other_terms: bool) -> str | None:
    """What to tell when an operator changed an account from standing ``before`` to ``after``, or
    (``other_terms``) its plan or limits; None when nothing that owners would notice."""
    if before is not after:
        if after is AccountState.SUSPENDED:
            return SUSPENDED
        if after is AccountState.PAST_DUE:
            return PAST_DUE
        return RESUMED if before is AccountState.SUSPENDED else PLAN
    return PLAN if other_terms else None
