"""Notify the owners of an account of its trial, and of changes that operators make."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from locations.models import Account
from locations.models.plans import AccountState
from locations.plans.account_state import GRACE, standing
from locations.plans.actions import TERMS
from locations.signals import terms_changed
from notifications.kinds import NoticeKind
from notifications.models import Notice
from notifications.notices.plan_rules import FRESH, MILESTONES, change_of, milestone


def connect() -> None:
    """Connect the receiver; calling it again changes nothing."""
    terms_changed.connect(_on_terms, dispatch_uid="plan notices")


def notify_trials(now: datetime) -> None:
    """Write the notices of trials that end soon or have ended, each once."""
    first, last = -MILESTONES[0][0], GRACE + FRESH
    near = Account.objects.filter(
        state=AccountState.TRIAL,
        deleting_at=None,
        trial_ends_at__lte=now + first,
        trial_ends_at__gte=now - last,
    )
    for account_id, ends_at in near.order_by("pk").values_list("pk", "trial_ends_at"):
        place = milestone(ends_at, now)
        if place is not None:
            key = f"{account_id}:trial:{ends_at:%Y%m%dT%H%M}:{place}"
            change = MILESTONES[place][1]
            Notice.objects.write([_notice(account_id, change, key, ends_at, now)])


def _on_terms(sender: object, before: Account, after: Account, **_: Any) -> None:
    now = timezone.now()
    stood = standing(before.state, before.trial_ends_at, now)
    stands = standing(after.state, after.trial_ends_at, now)
    other = any(getattr(before, name) != getattr(after, name) for name in TERMS)
    change = change_of(stood, stands, other_terms=other)
    if change is not None:
        key = f"{after.pk}:terms:{now:%Y%m%dT%H%M%S%f}"
        Notice.objects.write([_notice(after.pk, change, key, after.trial_ends_at, now)])


def _notice(
    account_id: Any, change: str, key: str, ends_at: datetime | None, now: datetime
) -> Notice:
    facts = {"change": change, "ends_at": ends_at.isoformat() if ends_at else ""}
    return Notice(
        account_id=account_id, kind=NoticeKind.PLAN, key=key, facts=facts, at=now, tell_at=now
    )
