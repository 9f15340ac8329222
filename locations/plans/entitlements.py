"""Entitlements: what an account may have and do. The only check for pages, API and commands.

``limits.py`` has the limits and the decision, ``account_state.py`` the rule of trials and
suspension; this module reads the rows. Payment will be added behind it, by setting an account's
``plan``, ``state`` and ``trial_ends_at`` through ``actions.py``, as operators do.
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
    """Register a ``counter`` of ``resource``, which takes the id of an account. Several counters of
    one resource are added up. ``rows``: a query of the counted rows of all accounts, for lists of
    accounts."""
    counters = _COUNTERS.setdefault(resource, [])
    if counter not in counters:
        counters.append(counter)
    if rows is not None:
        _ROWS[resource] = rows


def with_usage(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Annotate ``used_locations``, ``used_sessions`` and ``used_members``. Leaves out counters that
    are registered without ``rows``, such as open invitations."""
    for resource, rows in _ROWS.items():
        mine = rows().filter(account=OuterRef("pk")).order_by().values("account")
        count = Subquery(mine.annotate(n=Count("pk")).values("n"))
        accounts = accounts.annotate(**{f"used_{resource}": Coalesce(count, 0)})
    return accounts


def default_plan() -> Plan | None:
    """Return the plan of accounts without one; None if there is no default plan."""
    return Plan.objects.filter(is_default=True).first()


def plan_of(account: Account) -> Plan | None:
    """Return the plan of ``account``, or the default plan; None if there is none."""
    return account.plan or default_plan()


def limits_of(account: Account) -> Limits:
    """Return the limits of ``account``: its own, or else those of its plan."""
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
    """Return the usage of ``account``, with one query per registered counter."""
    return Usage(
        locations=_count(Resource.LOCATIONS, account.pk),
        sessions=_count(Resource.SESSIONS, account.pk),
        members=_count(Resource.MEMBERS, account.pk),
    )


def _count(resource: Resource, account_id: UUID) -> int:
    with tenancy.everyone():  # the caller may not be a member yet
        return sum(counter(account_id) for counter in _COUNTERS.get(resource, ()))


def require(account: Account, resource: Resource, adding: int = 1) -> None:
    """Raise OverLimit unless ``account`` may have ``adding`` more of ``resource``.

    Call it in the transaction that adds them: it locks the account, so that concurrent requests
    cannot exceed the limit."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("Call require() in the transaction that adds the rows.")
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
    """Return the current state of ``account``; see ``account_state.py``."""
    return standing(account.state, account.trial_ends_at, timezone.now())


def may_run(account: Account) -> bool:
    """Return whether the sessions of ``account`` may run: unless it is suspended."""
    return standing_of(account) is not AccountState.SUSPENDED
