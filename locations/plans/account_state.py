"""The current state of an account, derived from the stored state and the time.

For three days after its trial ends, an account is past due and keeps working. Then it is
suspended until an operator acts.
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
    """Return the state at ``now`` (aware) of an account with the stored ``state``."""
    stored = AccountState(state)
    if stored is not AccountState.TRIAL or trial_ends_at is None or now < trial_ends_at:
        return stored
    return AccountState.PAST_DUE if now < trial_ends_at + GRACE else AccountState.SUSPENDED


def suspended_rows(prefix: str = "", now: Any = None) -> Q:
    """Return the same rule as a query: rows whose account (at ``prefix``, such as
    ``"account__"``) is suspended. ``now`` defaults to the database's clock."""
    clock = Now() if now is None else now
    return Q(**{f"{prefix}state": AccountState.SUSPENDED}) | Q(
        **{f"{prefix}state": AccountState.TRIAL, f"{prefix}trial_ends_at__lte": clock - GRACE}
    )


def ends_soon(state: str, trial_ends_at: datetime | None, now: datetime) -> bool:
    """Return whether a trial is running at ``now`` and ends within three days."""
    runs = standing(state, trial_ends_at, now) is AccountState.TRIAL
    return runs and trial_ends_at is not None and trial_ends_at - now <= SOON
