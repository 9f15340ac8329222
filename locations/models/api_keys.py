"""API keys."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from locations.models.accounts import Account
from locations.models.locations import Location
from locations.models.tenant import TenantQuerySet


class Scope(models.TextChoices):
    """What a key may do."""

    READ = "read", _("Read: sessions, messages and locations")
    SEND = "send", _("Send: texts from your numbers")
    MANAGE = "manage", _("Manage: link, restart, stop and unlink numbers, and all other changes")


def every_scope() -> list[str]:
    """Return the default scopes of a key."""
    return [str(scope) for scope in Scope]


class ApiKeyQuerySet(TenantQuerySet):
    def with_secret(self, secret: str, now: datetime) -> ApiKey | None:
        """Return the key of ``secret`` at ``now``, even if it has expired. None if it is unknown or
        revoked, or was rotated and the grace period is over."""
        digest = ApiKey.hash(secret)
        old = Q(old_hash=digest, old_until__gt=now)
        keys = self.filter(Q(key_hash=digest) | old, revoked_at=None)
        key: ApiKey | None = keys.select_related("account__plan").first()
        return key

    def in_order(self) -> Self:
        """Order by active keys first, then newest first."""
        return self.order_by(models.F("revoked_at").desc(nulls_first=True), "-created_at")


class ApiKey(models.Model):
    """A bearer key of the API. Only its SHA-256 is stored; the secret is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    # The previous secret, during the grace period of a rotation.
    old_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001  unique, so absent is NULL
    old_until = models.DateTimeField(null=True, blank=True, editable=False)
    scopes = models.JSONField(default=every_scope)
    # Not derived from ``locations``: a limited key whose locations are all deleted has no access.
    is_limited = models.BooleanField(default=False)
    locations = models.ManyToManyField(Location, blank=True, related_name="api_keys")
    calls_a_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )  # None: the limit of the account
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(cls, account: Account, name: str, **columns: Any) -> tuple[ApiKey, str]:
        """Create a key. Return it and its secret (``pl_`` + 43 characters), which is not stored."""
        secret = _new_secret()
        key = cls.objects.create(
            account=account, name=name, prefix=secret[:9], key_hash=cls.hash(secret), **columns
        )
        return key, secret

    def rotate(self, grace: timedelta, now: datetime) -> str:
        """Return a new secret, which is not stored. The old one keeps working for ``grace``."""
        secret = _new_secret()
        self.old_hash = self.key_hash if grace else None
        self.old_until = now + grace if grace else None
        self.prefix, self.key_hash = secret[:9], self.hash(secret)
        self.save(update_fields=["old_hash", "old_until", "prefix", "key_hash"])
        return secret

    def is_expired(self, now: datetime) -> bool:
        """Return whether the key has expired at ``now``."""
        return self.expires_at is not None and self.expires_at <= now

    @staticmethod
    def hash(secret: str) -> str:
        """Return the SHA-256 in hex, which is sufficient for random 256-bit secrets."""
        return hashlib.sha256(secret.encode()).hexdigest()


def _new_secret() -> str:
    return f"pl_{secrets.token_urlsafe(32)}"
