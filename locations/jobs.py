"""What is not kept for ever of people and their programs; docs/explanation/retention.md has all.

Each function deletes what is over at ``now`` and says how many rows that were."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session as SignIn
from django.db.models import Exists, OuterRef, Q

from core.data.batch_delete import delete_in_batches
from locations.models import Invitation

# Long enough to answer "was I ever invited?"; the audit log answers it for ever.
INVITATIONS_KEPT = timedelta(days=90)


def forget_sign_ins(now: datetime) -> int:
    """Sign-ins that have expired, and what the lists of devices say of those that are gone."""
    expired = delete_in_batches(SignIn.objects.filter(expire_date__lt=now))
    there = SignIn.objects.filter(session_key=OuterRef("session_key"))
    # One that has just begun may be listed before it is stored.
    settled = UserSession.objects.filter(created_at__lt=now - timedelta(days=1))
    delete_in_batches(settled.filter(~Exists(there)))
    return expired


def forget_invitations(now: datetime) -> int:
    """Invitations that were accepted, revoked or left to expire long ago."""
    before = now - INVITATIONS_KEPT
    over = Q(accepted_at__lt=before) | Q(revoked_at__lt=before) | Q(expires_at__lt=before)
    return delete_in_batches(Invitation.objects.filter(over))
