"""Operator alerts about accounts: suspended, past due, or at the end of a trial."""

from __future__ import annotations

from collections import Counter

from django.urls import reverse
from django.utils import timezone

from core.health.operator_alerts import Alert
from core.health.severity import Severity
from locations.models import Account, AccountState
from locations.plans.account_state import ends_soon, standing

_NAMED = 20  # accounts with a line each; the rest are counted


def accounts() -> list[Alert]:
    """Report accounts that are suspended, past due, or in the last days of a trial."""
    now = timezone.now()
    rows = Account.objects.exclude(state=AccountState.ACTIVE).order_by("trial_ends_at", "name")
    columns = rows.values_list("pk", "name", "state", "trial_ends_at")
    found: list[Alert] = []
    for pk, name, state, ends in columns:
        stands = standing(state, ends, now)
        url = reverse("admin:locations_account_change", args=[pk])
        if stands is AccountState.SUSPENDED:
            text = "suspended: its numbers are paused"
            found.append(
                Alert(Severity.ERROR, name, text, "Settle it, then resume the account.", url)
            )
        elif stands is AccountState.PAST_DUE:
            found.append(Alert(Severity.ERROR, name, "past due", "Settle it, or suspend it.", url))
        elif ends_soon(state, ends, now):
            text = f"the trial ends on {ends:%d %B}"
            found.append(Alert(Severity.WARNING, name, text, "Offer a plan.", url))
    return _shortened(found)


def _shortened(found: list[Alert]) -> list[Alert]:
    """Keep the first alerts, and count the rest by severity."""
    rest = Counter(alert.severity for alert in found[_NAMED:])
    url = reverse("admin:locations_account_changelist")
    return found[:_NAMED] + [
        Alert(severity, "accounts", f"{count} more like these", "Look through the list.", url)
        for severity, count in rest.items()
    ]
