"""The one rule of how an account stands: what its operator set, and what the time made of it.

A trial ends on its day. For three days more the account is past due and goes on working, for
people need a moment to arrange things; then it counts as suspended until its operator acts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from locations.models.plans import AccountState

GRACE = timedelta(days=3)
SOON = timedelta(days=3)


def standing(state: str, trial_ends_at: datetime | None, now: datetime) -> AccountState:
    """How an account stands at ``now`` (aware) whose row says ``state``."""
    kept = AccountState(state)
    if kept is not AccountState.TRIAL or trial_ends_at is None or now < trial_ends_at:
        return kept
    return AccountState.PAST_DUE if now < trial_ends_at + GRACE else AccountState.SUSPENDED


def suspended_rows(prefix: str = "", now: Any = None) -> Q:
    """The same rule for the database, by its own clock unless ``now`` is given: rows whose
    account (at ``prefix``, such as ``"account__"``) is suspended."""
    clock = Now() if now is None else now
    return Q(**{f"{prefix}state": AccountState.SUSPENDED}) | Q(
        **{f"{prefix}state": AccountState.TRIAL, f"{prefix}trial_ends_at__lte": clock - GRACE}
    )


def ends_soon(state: str, trial_ends_at: datetime | None, now: datetime) -> bool:
    """Whether a trial that still runs at ``now`` ends within three days."""
    runs = standing(state, trial_ends_at, now) is AccountState.TRIAL
    return runs and trial_ends_at is not None and trial_ends_at - now <= SOON
