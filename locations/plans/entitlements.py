"""May this account do that? The only answer to the question, for every page, API and command.

``limits.py`` has the numbers and the verdict, ``standing.py`` the rule of trial and suspension;
here the rows are read. Payment comes behind this module: what takes the money sets an account's
``plan``, ``state`` and ``trial_ends_at`` through ``subscriptions.py``, as operators do today, and
whoever asks here goes on asking the same questions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from core import tenancy
from locations.models import Account, AccountState, Plan
from locations.plans.account_state import standing
from locations.plans.limits import TRIAL_LIMITS, Limits, OverLimit, Resource, Usage, verdict

__all__ = [
    "Limits",
    "OverLimit",
    "Resource",
    "Usage",
    "default_plan",
    "limits_of",
    "may_run",
    "plan_of",
    "register_usage",
    "require",
    "standing_of",
    "usage_of",
    "with_usage",
]

Counter = Callable[[UUID], int]
Rows = Callable[[], QuerySet[Any]]
_COUNTERS: dict[Resource, list[Counter]] = {}
_ROWS: dict[Resource, Rows] = {}


def register_usage(resource: Resource, counter: Counter, rows: Rows | None = None) -> None:
    """Count ``resource`` of an account (by its id) with ``counter``, too: apps above this one
    say at start what they keep. Several counters of one resource are added up. ``rows``: what
    is counted, of all accounts, where lists of accounts are to show it."""
    counters = _COUNTERS.setdefault(resource, [])
    if counter not in counters:
        counters.append(counter)
    if rows is not None:
        _ROWS[resource] = rows


def with_usage(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """``accounts`` with ``used_locations``, ``used_sessions`` and ``used_members``, for lists of
    many; without what has no rows of its own, such as open invitations."""
    for resource, rows in _ROWS.items():
        mine = rows().filter(account=OuterRef("pk")).order_by().values("account")
        count = Subquery(mine.annotate(n=Count("pk")).values("n"))
        accounts = accounts.annotate(**{f"used_{resource}": Coalesce(count, 0)})
    return accounts


def default_plan() -> Plan | None:
    """The plan of accounts that have none of their own; None where there is none."""
    return Plan.objects.filter(is_default=True).first()


def plan_of(account: Account) -> Plan | None:
    """The plan of ``account``: its own, else the default one; None where there is none."""
    return account.plan or default_plan()


def limits_of(account: Account) -> Limits:
    """What ``account`` may have: its own limits where it has them, its plan's elsewhere."""
    plan = plan_of(account)

    def limit(name: str, without_plan: int | None) -> int | None:
        own: int | None = getattr(account, f"own_max_{name}")
        if own is not None:
            return own
        return without_plan if plan is None else getattr(plan, f"max_{name}")

    return Limits(
        locations=limit("locations", TRIAL_LIMITS.locations),
        sessions=limit("sessions", TRIAL_LIMITS.sessions),
        members=limit("members", TRIAL_LIMITS.members),
        api_calls_a_minute=limit("api_calls_a_minute", TRIAL_LIMITS.api_calls_a_minute),
    )


def usage_of(account: Account) -> Usage:
    """What ``account`` has, by the counters that are registered; one query for each."""
    return Usage(
        locations=_count(Resource.LOCATIONS, account.pk),
        sessions=_count(Resource.SESSIONS, account.pk),
        members=_count(Resource.MEMBERS, account.pk),
    )


def _count(resource: Resource, account_id: UUID) -> int:
    with tenancy.everyone():  # who asks may not be a member yet; the counters keep to the account
        return sum(counter(account_id) for counter in _COUNTERS.get(resource, ()))


def require(account: Account, resource: Resource, adding: int = 1) -> None:
    """Raises OverLimit, whose ``str()`` is for people, unless ``account`` may have ``adding``
    more of ``resource``. Call it in the transaction that adds them: the account stays locked
    until its end, so that two who add at once cannot both take the last place."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("Ask in the transaction that adds what is asked for.")
    locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    used = (
        Usage()
        if resource is Resource.API_CALLS
        else Usage(**{str(resource): _count(resource, locked.pk)})
    )
    refusal = verdict(resource, limits_of(locked), used, adding, runs=may_run(locked))
    if refusal is not None:
        raise refusal


def standing_of(account: Account) -> AccountState:
    """How ``account`` stands now; see ``standing.py`` for the rule."""
    return standing(account.state, account.trial_ends_at, timezone.now())


def may_run(account: Account) -> bool:
    """Whether the connections of ``account`` may work: always, unless it is suspended."""
    return standing_of(account) is not AccountState.SUSPENDED
