"""How much an account may have, and whether more fits. Pure: numbers go in, a verdict comes out."""

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
    API_CALLS = "api_calls"  # a minute; the API counts them itself, see ``Limits``


@dataclass(frozen=True)
class Limits:
    """The most that an account may have of each; None is no limit."""

    locations: int | None
    sessions: int | None
    members: int | None
    api_calls_a_minute: int | None

    def of(self, resource: Resource) -> int | None:
        """The limit on ``resource``; that on API calls is for one minute."""
        if resource is Resource.API_CALLS:
            return self.api_calls_a_minute
        limit: int | None = getattr(self, resource)
        return limit


@dataclass(frozen=True)
class Usage:
    """How much an account has. ``sessions`` are those that are not unlinked, ``members`` are
    people with whatever is registered beside them, such as open invitations."""

    locations: int = 0
    sessions: int = 0
    members: int = 0

    def of(self, resource: Resource) -> int:
        """How much of ``resource``; 0 for API calls, which are not counted here."""
        return int(getattr(self, resource, 0))


class OverLimit(Exception):
    """The account may not have more of ``resource``. ``str()`` is a sentence that says what to
    do; ``code`` is "over_limit", or "account_suspended" when the plan has nothing to do with it."""

    def __init__(
        self, resource: Resource, limit: int | None, used: int, sentence: str, code: str
    ) -> None:
        super().__init__(sentence)
        self.resource, self.limit, self.used, self.code = resource, limit, used, code


TRIAL_LIMITS = Limits(locations=3, sessions=3, members=3, api_calls_a_minute=120)
"""Where there is no plan at all: the least, never the most."""

RESOURCE_LABELS: Mapping[Resource, Promise] = {
    Resource.LOCATIONS: _("Locations"),
    Resource.SESSIONS: _("Connections"),
    Resource.MEMBERS: _("People"),
    Resource.API_CALLS: _("API calls a minute"),
}
_FULL: Mapping[Resource, Any] = {
    Resource.LOCATIONS: ngettext_lazy(
        "Your plan has room for %(n)d location. Delete one that you no longer need, or ask "
        "your operator for a larger plan.",
        "Your plan has room for %(n)d locations, and all are taken. Delete one that you no "
        "longer need, or ask your operator for a larger plan.",
        "n",
    ),
    Resource.SESSIONS: ngettext_lazy(
        "Your plan has room for %(n)d connection. Unlink one that you no longer need, or ask "
        "your operator for a larger plan.",
        "Your plan has room for %(n)d connections, and all are taken. Unlink one that you no "
        "longer need, or ask your operator for a larger plan.",
        "n",
    ),
    Resource.MEMBERS: ngettext_lazy(
        "Your plan has room for %(n)d person. Ask your operator for a larger plan.",
        "Your plan has room for %(n)d people, open invitations included, and all places are "
        "taken. Remove somebody, or ask your operator for a larger plan.",
        "n",
    ),
    Resource.API_CALLS: ngettext_lazy(
        "Your plan allows %(n)d API call a minute. Call less often, or ask your operator for a "
        "larger plan.",
        "Your plan allows %(n)d API calls a minute. Call less often, or ask your operator for a "
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
    """Why ``adding`` more of ``resource`` is not possible, or None when it is. ``runs``: the
    account is not suspended."""
    limit, used = limits.of(resource), usage.of(resource)
    if not runs:
        return OverLimit(resource, limit, used, str(SUSPENDED_SENTENCE), "account_suspended")
    if limit is None or used + adding <= limit:
        return None
    return OverLimit(resource, limit, used, str(_FULL[resource] % {"n": limit}), "over_limit")
