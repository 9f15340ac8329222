"""The limits of an account, and the decision whether more is allowed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class Resource(StrEnum):
    """What a plan limits."""

    LOCATIONS = "locations"
    SESSIONS = "sessions"
    MEMBERS = "members"
    API_CALLS = "api_calls"  # per minute, counted by the API itself


@dataclass(frozen=True)
class Limits:
    """The limits of an account. None: no limit."""

    locations: int | None
    sessions: int | None
    members: int | None
    api_calls_a_minute: int | None

    def of(self, resource: Resource) -> int | None:
        """Return the limit of ``resource``; that of API calls is per minute."""
        if resource is Resource.API_CALLS:
            return self.api_calls_a_minute
        limit: int | None = getattr(self, resource)
        return limit


@dataclass(frozen=True)
class Usage:
    """The usage of an account. ``sessions``: without unlinked ones. ``members``: including open
    invitations."""

    locations: int = 0
    sessions: int = 0
    members: int = 0

    def of(self, resource: Resource) -> int:
        """Return the usage of ``resource``; 0 for API calls, which are counted elsewhere."""
        return int(getattr(self, resource, 0))


class OverLimit(Exception):
    """The account may not have more of ``resource``. ``str()`` is a sentence for users. ``code``:
    "over_limit", or "account_suspended" whatever the limit is."""

    def __init__(
        self, resource: Resource, limit: int | None, used: int, sentence: str, code: str
    ) -> None:
        super().__init__(sentence)
        self.resource, self.limit, self.used, self.code = resource, limit, used, code


TRIAL_LIMITS = Limits(locations=3, sessions=3, members=3, api_calls_a_minute=120)
"""The limits if there is no plan at all."""

RESOURCE_LABELS: Mapping[Resource, Promise] = {
    Resource.LOCATIONS: _("Locations"),
    Resource.SESSIONS: _("Numbers"),
    Resource.MEMBERS: _("Members"),
    Resource.API_CALLS: _("API calls per minute"),
}
_FULL: Mapping[Resource, Any] = {
    Resource.LOCATIONS: ngettext_lazy(
        "Your plan allows %(n)d location. Delete one that you no longer need, or ask "
        "your operator for a larger plan.",
        "Your plan allows %(n)d locations, and you use all of them. Delete one that you no "
        "longer need, or ask your operator for a larger plan.",
        "n",
    ),
    Resource.SESSIONS: ngettext_lazy(
        "Your plan allows %(n)d number. Unlink one that you no longer need, or ask "
        "your operator for a larger plan.",
        "Your plan allows %(n)d numbers, and you use all of them. Unlink one that you no "
        "longer need, or ask your operator for a larger plan.",
        "n",
    ),
    Resource.MEMBERS: ngettext_lazy(
        "Your plan allows %(n)d member. Ask your operator for a larger plan.",
        "Your plan allows %(n)d members, including open invitations, and you use all of them. "
        "Remove a member, or ask your operator for a larger plan.",
        "n",
    ),
    Resource.API_CALLS: ngettext_lazy(
        "Your plan allows %(n)d API call per minute. Call less often, or ask your operator for a "
        "larger plan.",
        "Your plan allows %(n)d API calls per minute. Call less often, or ask your operator for a "
        "larger plan.",
        "n",
    ),
}
SUSPENDED_SENTENCE = _(
    "This account is suspended, so nothing can be added. Ask your operator to resume it."
)


def verdict(
    resource: Resource, limits: Limits, usage: Usage, adding: int, *, runs: bool
) -> OverLimit | None:
    """Return why ``adding`` more of ``resource`` is refused, or None if it is allowed. ``runs``:
    the account is not suspended."""
    limit, used = limits.of(resource), usage.of(resource)
    if not runs:
        return OverLimit(resource, limit, used, str(SUSPENDED_SENTENCE), "account_suspended")
    if limit is None or used + adding <= limit:
        return None
    return OverLimit(resource, limit, used, str(_FULL[resource] % {"n": limit}), "over_limit")
