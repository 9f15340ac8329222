"""The banner shown on every page of an account that needs its owner's attention. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from locations.models import AccountState
from locations.plans.account_state import ends_soon, standing


@dataclass(frozen=True)
class Banner:
    """What is wrong (``text``) and what to do about it (``advice``). ``tone`` is "waiting" or
    "down", as in the stylesheet."""

    tone: str
    text: str
    advice: str


def banner_for(
    state: str, trial_ends_at: datetime | None, now: datetime, *, owns: bool
) -> Banner | None:
    """Return the banner of an account at ``now``, for an owner (``owns``) or another member;
    None if nothing is wrong."""
    stands = standing(state, trial_ends_at, now)
    if stands is AccountState.SUSPENDED:
        text = _("This account is suspended: its numbers are paused, and nothing is lost.")
        return Banner("down", text, _advice(_("Ask your operator to resume it."), owns=owns))
    if stands is AccountState.PAST_DUE:
        text = _("This account is past due. Its numbers keep working for now.")
        return Banner("waiting", text, _advice(_("Ask your operator to settle it."), owns=owns))
    if trial_ends_at is not None and ends_soon(state, trial_ends_at, now):
        text = _("Your trial ends on %(day)s.") % {"day": date_format(trial_ends_at, "j F")}
        return Banner("waiting", text, _advice(_("Ask your operator for a plan."), owns=owns))
    return None


def _advice(for_owner: str, *, owns: bool) -> str:
    return for_owner if owns else _("Tell an owner of the account.")
