"""The scheduled jobs of accounts and users (``docs/explanation/retention.md``)."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session as SignIn
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.background.jobs import Job, register_job
from core.data.batch_delete import delete_in_batches
from core.text.units import plural
from locations import actions
from locations.accounts import deletion
from locations.models import Invitation
from locations.rest.idempotency import forget_answers

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Users wait for the deletion, but each run costs about 8 ms of CPU, with or without an account.
DELETION_EVERY = timedelta(seconds=15)
# A large deletion takes many runs: it must not occupy one of the few places for jobs all the time.
DELETION_SECONDS = 10.0
# Long enough to answer "was I ever invited?". The audit log keeps the answer for longer.
INVITATIONS_KEPT = timedelta(days=90)


def register() -> None:
    for job in (
        Job("accounts", _("Delete accounts"), DELETION_EVERY, _accounts),
        Job("locations", _("Delete locations"), DELETION_EVERY, _locations),
        Job("sign_ins", _("Forget expired sign-ins"), DAY, _sign_ins),
        Job("invitations", _("Forget old invitations"), DAY, _invitations),
        Job("answers", _("Forget answers to repeated requests"), HOUR, _answers),
    ):
        register_job(job)


def _accounts() -> str:
    count = deletion.finish_due(seconds=DELETION_SECONDS)
    return f"Deleted {plural(count, 'account')}."


def _locations() -> str:
    return f"Deleted {plural(actions.finish_deletions(DELETION_SECONDS), 'location')}."


def _sign_ins() -> str:
    return f"Deleted {plural(forget_sign_ins(timezone.now()), 'expired sign-in')}."


def _invitations() -> str:
    return f"Deleted {plural(forget_invitations(timezone.now()), 'old invitation')}."


def _answers() -> str:
    return f"Deleted {plural(forget_answers(), 'answer')}."


def forget_sign_ins(now: datetime) -> int:
    """Delete sign-ins that have expired at ``now``, and the rows that list the devices of deleted
    ones. Return the number of sign-ins."""
    expired = delete_in_batches(SignIn.objects.filter(expire_date__lt=now))
    existing = SignIn.objects.filter(session_key=OuterRef("session_key"))
    # A new sign-in may be listed before it is stored.
    settled = UserSession.objects.filter(created_at__lt=now - timedelta(days=1))
    delete_in_batches(settled.filter(~Exists(existing)))
    return expired


def forget_invitations(now: datetime) -> int:
    """Delete invitations that were accepted, were revoked or expired ``INVITATIONS_KEPT`` before
    ``now``. Return their number."""
    before = now - INVITATIONS_KEPT
    over = Q(accepted_at__lt=before) | Q(revoked_at__lt=before) | Q(expires_at__lt=before)
    return delete_in_batches(Invitation.objects.filter(over))
