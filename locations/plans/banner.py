"""What every page says of an account that needs its owner: one sentence and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from locations.models import AccountState
from locations.plans.account_state import ends_soon, standing


@dataclass(frozen=True)
class Notice:
    """``tone`` is "waiting" or "down", as the stylesheet has them."""

    tone: str
    says: str
    do: str


def notice(
    state: str, trial_ends_at: datetime | None, now: datetime, *, owns: bool
) -> Notice | None:
    """What to say of an account at ``now`` to an owner (``owns``) or another member; None when
    all is well."""
    stands = standing(state, trial_ends_at, now)
    if stands is AccountState.SUSPENDED:
        says = _("This account is suspended: its numbers are paused, and nothing is lost.")
        return Notice("down", says, _ask(_("Ask your operator to resume it."), owns=owns))
    if stands is AccountState.PAST_DUE:
        says = _("This account is past due. Its numbers go on working for now.")
        return Notice("waiting", says, _ask(_("Ask your operator to settle it."), owns=owns))
    if trial_ends_at is not None and ends_soon(state, trial_ends_at, now):
        says = _("Your trial ends on %(day)s.") % {"day": date_format(trial_ends_at, "j F")}
        return Notice("waiting", says, _ask(_("Ask your operator for a plan."), owns=owns))
    return None


def _ask(what: str, *, owns: bool) -> str:
    return what if owns else _("Tell an owner of the account.")
