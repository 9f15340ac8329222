"""Bearer keys of the API."""

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
    """What a key may do, in words for people."""

    READ = "read", _("Read: sessions, messages and locations")
    SEND = "send", _("Send: texts from your numbers")
    MANAGE = "manage", _("Manage: link, restart, stop and unlink numbers, and all other changes")


def every_scope() -> list[str]:
    """What a key may do unless it was limited."""
    return [str(scope) for scope in Scope]


class ApiKeyQuerySet(TenantQuerySet):
    def with_secret(self, secret: str, now: datetime) -> ApiKey | None:
        """The key that ``secret`` opens at ``now``, expired ones included; None when it is
        unknown, revoked, or was replaced and its grace is over."""
        digest = ApiKey.hash(secret)
        old = Q(old_hash=digest, old_until__gt=now)
        keys = self.filter(Q(key_hash=digest) | old, revoked_at=None)
        key: ApiKey | None = keys.select_related("account__plan").first()
        return key

    def in_order(self) -> Self:
        """Those that work first, the newest before the older."""
        return self.order_by(models.F("revoked_at").desc(nulls_first=True), "-created_at")


class ApiKey(models.Model):
    """A bearer key of the API. Only its SHA-256 is kept; the key itself is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    # The secret before this one, while programs are being moved to the new one.
    old_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001  unique, so absent is NULL
    old_until = models.DateTimeField(null=True, blank=True, editable=False)
    scopes = models.JSONField(default=every_scope)
    # Said beside ``locations``: a key whose locations have all been deleted opens nothing.
    is_limited = models.BooleanField(default=False)
    locations = models.ManyToManyField(Location, blank=True, related_name="api_keys")
    calls_a_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )  # None: as many as the account may
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
        """A new key and its secret text (``pl_`` + 43 characters), which is not stored."""
        secret = _new_secret()
        key = cls.objects.create(
            account=account, name=name, prefix=secret[:9], key_hash=cls.hash(secret), **columns
        )
        return key, secret

    def rotate(self, grace: timedelta, now: datetime) -> str:
        """A new secret for this key, which is not stored; the old one works for ``grace``."""
        secret = _new_secret()
        self.old_hash = self.key_hash if grace else None
        self.old_until = now + grace if grace else None
        self.prefix, self.key_hash = secret[:9], self.hash(secret)
        self.save(update_fields=["old_hash", "old_until", "prefix", "key_hash"])
        return secret

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over at ``now``."""
        return self.expires_at is not None and self.expires_at <= now

    @staticmethod
    def hash(secret: str) -> str:
        """SHA-256 in hex: enough for 256-bit random keys, which cannot be guessed."""
        return hashlib.sha256(secret.encode()).hexdigest()


def _new_secret() -> str:
    return f"pl_{secrets.token_urlsafe(32)}"
