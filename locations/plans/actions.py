"""Change the plan and state of an account.

Each change is written to the audit log of the account, and announced to the gateways after the
commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from locations.audit import AccountVerb, record
from locations.models import Account, AccountState
from locations.plans.entitlements import may_run
from locations.principals import Principal
from locations.signals import standing_changed, terms_changed

TERMS = (
    "plan",
    "state",
    "trial_ends_at",
    "own_max_locations",
    "own_max_sessions",
    "own_max_members",
    "own_max_api_calls_a_minute",
)


def suspend(account: Account, *, by: Principal) -> bool:
    """Pause the numbers of ``account`` and keep their keys. Return whether that changed it."""
    return _put(account, AccountState.SUSPENDED, by=by) if may_run(account) else False


def resume(account: Account, *, by: Principal) -> bool:
    """Let the numbers of ``account`` reconnect. Return whether that changed it."""
    return False if may_run(account) else _put(account, AccountState.ACTIVE, by=by)


def _put(account: Account, state: AccountState, *, by: Principal) -> bool:
    before = Account.objects.get(pk=account.pk)
    with transaction.atomic():
        account.state = state
        account.save(update_fields=["state"])
        note(before, account, by=by)
    return True


def note(before: Account, after: Account, *, by: Principal) -> None:
    """Record and announce the terms that differ in ``after``, which is saved. Call it in the
    transaction of the change."""
    changed = _changed(before, after)
    if not changed:
        return
    if may_run(before) != may_run(after):
        verb = AccountVerb.ACCOUNT_RESUMED if may_run(after) else AccountVerb.ACCOUNT_SUSPENDED
        record(by, after.pk, verb, after.name)
    if set(changed) - {"state"} or may_run(before) == may_run(after):
        detail = ", ".join(f"{name}: {value}" for name, value in changed.items())
        record(by, after.pk, AccountVerb.PLAN_CHANGED, after.name, detail)
    terms_changed.send(Account, before=before, after=after)
    transaction.on_commit(lambda: standing_changed.send(Account, account_id=after.pk), robust=True)


def _changed(before: Account, after: Account) -> Mapping[str, Any]:
    """Return the changed terms by label, with their new values."""
    return {
        _label(name): _shown(name, getattr(after, name))
        for name in TERMS
        if getattr(before, name) != getattr(after, name)
    }


def _label(name: str) -> str:
    return str(Account._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "as the plan" if name.startswith("own_") else "none"
    return str(value)
