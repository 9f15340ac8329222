"""Invitations to join an account."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from locations.models.accounts import Account, Role, still_has_role
from locations.models.tenant import TenantQuerySet

INVITATION_LIFE = timedelta(days=7)


def _sender_owns() -> Q:
    """Only owners invite, so an invitation ends with the rights of its sender."""
    return still_has_role("sender", [Role.OWNER])


def invitation_end() -> datetime:
    """Return when an invitation that is sent now expires."""
    return timezone.now() + INVITATION_LIFE


class InvitationQuerySet(TenantQuerySet):
    def open(self) -> Self:
        """Neither accepted nor revoked. Includes expired ones, and those whose sender is no longer
        an owner: both can be sent again."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True)

    def acceptable(self, now: datetime) -> Self:
        """The open ones that can be accepted at ``now``."""
        return self.open().filter(_sender_owns(), expires_at__gt=now)

    def with_state(self, now: datetime) -> Self:
        """Annotate ``ended``: "sender", "time", or "" if it can be accepted at ``now``."""
        expired = When(expires_at__lte=now, then=Value("time"))
        sender = When(~_sender_owns(), then=Value("sender"))
        return self.annotate(ended=Case(expired, sender, default=Value("")))

    def with_token(self, token: str, now: datetime) -> Self:
        """The invitation that ``token`` can accept at ``now``, if any."""
        hashed = Invitation.hash(token)
        return self.acceptable(now).filter(token_hash=hashed, account__deleting_at__isnull=True)


class Invitation(models.Model):
    """An invitation by mail. Only the mail contains the token; its SHA-256 is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")  # in lower case
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    invited_by = models.CharField(max_length=254)
    sender = models.UUIDField(null=True, editable=False)  # the id of the user who sent it last
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(default=invitation_end)
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"

    def renew(self) -> str:
        """Set and return a new token, with a new expiry. Not saved."""
        token = secrets.token_urlsafe(32)
        self.token_hash, self.expires_at = self.hash(token), invitation_end()
        return token

    @staticmethod
    def hash(token: str) -> str:
        """Return the SHA-256 in hex, which is sufficient for random 256-bit tokens."""
        return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
