"""The number of trials that a user can begin: ``MAX_TRIAL_ACCOUNTS``."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.translation import ngettext

from locations.models import Account, AccountState, TrialStart, User

_PAID = (AccountState.ACTIVE, AccountState.PAST_DUE)


class TrialsUsedUp(Exception):
    """The user cannot begin another trial. ``str()`` explains what to do."""

    def __init__(self, most: int) -> None:
        text = ngettext(
            "You can have %d account on trial, and a deleted one counts, too.",
            "You can have at most %d accounts on trial, and deleted ones count, too.",
            most,
        )
        advice = ngettext(
            "Ask your operator to activate it, then create another one.",
            "Ask your operator to activate one of them, then create another one.",
            most,
        )
        super().__init__(f"{text % most} {advice}")


def begin_trial(user: User, account: Account) -> None:
    """Record that ``user`` begins a trial with ``account``, which is new. Raises TrialsUsedUp.

    Call it in the transaction that creates the account. It locks the user, so that concurrent
    requests cannot begin more trials."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    paid = Account.objects.filter(pk=OuterRef("account_id"), state__in=_PAID)
    used = TrialStart.objects.filter(user=user).exclude(Exists(paid)).count()
    if used >= settings.MAX_TRIAL_ACCOUNTS:
        raise TrialsUsedUp(settings.MAX_TRIAL_ACCOUNTS)
    TrialStart.objects.create(user=user, account_id=account.pk)
