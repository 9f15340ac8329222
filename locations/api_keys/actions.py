"""Create, rotate and revoke API keys. The callers have checked the access."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.access import visible
from locations.audit import AccountVerb, record
from locations.models import Account, ApiKey, Location, Scope
from locations.principals import Principal


class Grace(Enum):
    """How long the old secret of a rotated key keeps working."""

    AT_ONCE = "now"
    HOUR = "1h"
    DAY = "24h"

    @property
    def length(self) -> timedelta:
        return {"now": timedelta(0), "1h": timedelta(hours=1), "24h": timedelta(hours=24)}[
            self.value
        ]

    @property
    def label(self) -> Promise:
        return {"now": _("At once"), "1h": _("In one hour"), "24h": _("In 24 hours")}[self.value]


@dataclass(frozen=True)
class KeyLimits:
    """What a new key may do. No ``locations``: all of the account, including later ones."""

    scopes: Sequence[Scope]
    locations: Sequence[Location] = ()
    expires_at: datetime | None = None
    calls_a_minute: int | None = None


def keys_of(principal: Principal) -> list[ApiKey]:
    """Return the keys of the current account of ``principal``, active ones first."""
    rows = visible(ApiKey.objects.in_order(), principal)
    return list(rows.prefetch_related("locations"))


def create(account: Account, name: str, limits: KeyLimits, by: Principal) -> tuple[ApiKey, str]:
    """Create a key for ``account``. Return it and its secret, which is not stored."""
    with transaction.atomic():
        key, secret = ApiKey.issue(
            account,
            name,
            scopes=[str(scope) for scope in limits.scopes],
            is_limited=bool(limits.locations),
            expires_at=limits.expires_at,
            calls_a_minute=limits.calls_a_minute,
        )
        key.locations.set(limits.locations)
        record(by, account.pk, AccountVerb.KEY_CREATED, name, _scopes(limits.scopes))
    return key, secret


def rotate(key: ApiKey, grace: Grace, by: Principal) -> str:
    """Return a new secret for ``key``. It is not stored."""
    with transaction.atomic():
        secret = key.rotate(grace.length, timezone.now())
        record(by, key.account_id, AccountVerb.KEY_ROTATED, key.name, str(grace.label))
    return secret


def revoke(key: ApiKey, by: Principal) -> None:
    """Revoke ``key`` and its old secret. Does nothing if it is revoked already."""
    with transaction.atomic():
        working = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
        if working.update(revoked_at=timezone.now()):
            record(by, key.account_id, AccountVerb.KEY_REVOKED, key.name)


def _scopes(scopes: Iterable[Scope]) -> str:
    return ", ".join(str(scope) for scope in scopes)
