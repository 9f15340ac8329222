"""Read what the plan page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from locations.models import Account, AccountState
from locations.plans.entitlements import (
    Limits,
    Resource,
    Usage,
    limits_of,
    plan_of,
    standing_of,
    usage_of,
)
from locations.plans.limits import RESOURCE_LABELS

COUNTED = (Resource.LOCATIONS, Resource.SESSIONS, Resource.MEMBERS)


@dataclass(frozen=True)
class Meter:
    """The usage of one resource. ``limit`` None: no limit."""

    label: str
    used: int
    limit: int | None

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.used >= self.limit


class PlanView(TypedDict):
    account: Account
    plan: str
    state: str
    state_label: str
    meters: list[Meter]
    api_calls: int | None


def meters(limits: Limits, usage: Usage) -> list[Meter]:
    """Return a meter for each counted resource."""
    return [
        Meter(str(RESOURCE_LABELS[resource]), usage.of(resource), limits.of(resource))
        for resource in COUNTED
    ]


def plan_view(account: Account) -> PlanView:
    """Return what the page shows about ``account``."""
    plan, state, limits = plan_of(account), standing_of(account), limits_of(account)
    return {
        "account": account,
        "plan": "" if plan is None else plan.name,
        "state": str(state),
        "state_label": str(AccountState(state).label),
        "meters": meters(limits, usage_of(account)),
        "api_calls": limits.api_calls_a_minute,
    }
