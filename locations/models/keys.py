"""Bearer keys of the API."""

from __future__ import annotations

import hashlib
import secrets
import uuid

from django.db import models
from django.utils import timezone

from locations.models.accounts import Account
from locations.models.tenant import TenantQuerySet


class ApiKey(models.Model):
    """A bearer key of the API. Only its SHA-256 is kept; the key itself is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(cls, account: Account, name: str) -> tuple[ApiKey, str]:
        """A new key and its secret text (``pl_`` + 43 characters), which is not stored."""
        secret = f"pl_{secrets.token_urlsafe(32)}"
        key = cls.objects.create(
            account=account, name=name, prefix=secret[:9], key_hash=cls.hash(secret)
        )
        return key, secret

    @staticmethod
    def hash(secret: str) -> str:
        """SHA-256 in hex: enough for 256-bit random keys, which cannot be guessed."""
        return hashlib.sha256(secret.encode()).hexdigest()
