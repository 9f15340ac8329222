"""The deletion of an account: first its numbers are unlinked, then its rows are deleted.

``begin`` marks the account; nothing in it may change after that. ``finish_due`` deletes the marked
accounts that are ready, in many small transactions; a scheduled job calls it every few seconds, and
so does ``cleanup_sessions cleanup``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import tenancy
from core.data.batch_delete import deletion_steps
from core.data.deletion_pace import run_in_turn
from locations.accounts import mails
from locations.audit import AccountVerb, record
from locations.models import Account, Invitation, Member
from locations.principals import Principal
from locations.signals import account_closing, held

logger = logging.getLogger(__name__)

AT_MOST = timedelta(minutes=2)  # a number that cannot be unlinked must not block the deletion


def begin(principal: Principal, account: Account) -> None:
    """Start the deletion of ``account`` and mail its members. A second call does nothing."""
    with transaction.atomic():
        locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if locked.deleting_at is not None:
            return
        locked.deleting_at = timezone.now()
        locked.save(update_fields=["deleting_at"])
        Invitation.objects.of_accounts([account.pk]).open().update(revoked_at=locked.deleting_at)
        record(principal, account.pk, AccountVerb.ACCOUNT_DELETED, account.name)
        account_closing.send(None, account_id=account.pk, by=principal.name)
        members = Member.objects.filter(account=account).values_list("user__email", flat=True)
        mails.send_deleted(account, members, principal.name)
        logger.warning("An account is being deleted", extra={"account": str(account.pk)})


def finish_due(now: datetime | None = None, seconds: float = math.inf) -> int:
    """Delete the marked accounts whose numbers are all unlinked, or that were marked two minutes
    before ``now``, in turn, for about ``seconds``. Return how many were completed. Failures are
    logged, and the next call goes on with them."""
    now = now or timezone.now()
    with tenancy.everyone():
        marked = Account.objects.filter(deleting_at__isnull=False).order_by("deleting_at")
        ready = [account.pk for account in marked if _is_ready(account, now)]
        return run_in_turn({account_id: _steps(account_id) for account_id in ready}, seconds)


def _is_ready(account: Account, now: datetime) -> bool:
    assert account.deleting_at is not None  # noqa: S101  # the caller has filtered them
    return now - account.deleting_at >= AT_MOST or not held(account.pk)


def _steps(account_id: UUID) -> Iterator[int]:
    # The members go last: until then, they see the progress.
    yield from deletion_steps(Account.objects.filter(pk=account_id), in_the_last=(Member,))
    if not Account.objects.filter(pk=account_id).exists():
        logger.warning("An account was deleted", extra={"account": str(account_id)})


def progress(account: Account) -> str:
    """Describe the next step: "Deleting: 2 numbers are being unlinked"."""
    count = held(account.pk)
    if count == 1:
        return _("Deleting: 1 number is being unlinked")
    if count:
        return _("Deleting: %d numbers are being unlinked") % count
    return _("Deleting: the data is being removed")
