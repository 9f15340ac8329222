"""When the owners of an account are notified of its trial and its plan. Pure."""

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
"""The notices about a trial, with their times relative to its end."""

FRESH = timedelta(days=2)
"""No notice is sent for a milestone that was passed longer ago."""


def milestone(ends_at: datetime, now: datetime) -> int | None:
    """Return the index of the latest milestone passed at ``now`` by a trial ending at ``ends_at``.

    None if there is none, or if it was passed too long ago.
    """
    passed = [place for place, (after, _) in enumerate(MILESTONES) if ends_at + after <= now]
    if not passed or now - (ends_at + MILESTONES[passed[-1]][0]) > FRESH:
        return None
    return passed[-1]


def change_of(before: AccountState, after: AccountState, *, other_terms: bool) -> str | None:
    """Return the change to notify owners of, or None.

    An operator changed the state of the account from ``before`` to ``after``, or its plan or
    limits (``other_terms``).
    """
    if before is not after:
        if after is AccountState.SUSPENDED:
            return SUSPENDED
        if after is AccountState.PAST_DUE:
            return PAST_DUE
        return RESUMED if before is AccountState.SUSPENDED else PLAN
    return PLAN if other_terms else None
