"""One-time links, with which the owner of a phone links its number without signing in."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone

from locations.models import Account, Location, Role, TenantQuerySet, still_has_role
from locations.plans.account_state import suspended_rows


class ConnectLinkQuerySet(TenantQuerySet):
    location_path = "location_id"
    deleted_with = ("location__deleting_at",)

    def open(self, now: datetime) -> Self:
        """Return links that are neither revoked nor expired, even if the number is linked. A link
        ends while its creator may not link numbers or the account is suspended."""
        return self.present().filter(
            still_has_role("creator", [Role.OWNER, Role.MEMBER]),
            ~suspended_rows("account__", now),
            revoked_at__isnull=True,
            expires_at__gt=now,
            account__deleting_at__isnull=True,
        )


class ConnectLink(models.Model):
    """A link to the code of one location, for one browser. Only SHA-256 hashes of its token and of
    the browser's secret are stored; each has 256 random bits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="connect_links")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="connect_links")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=254, editable=False)
    creator = models.UUIDField(null=True, editable=False)  # the id of the user
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    # The browser in which the button was pressed first; no other may continue.
    browser_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    objects = ConnectLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["location", "expires_at"], name="connect_link_open")]

    def __str__(self) -> str:
        return f"{self.location}, until {self.expires_at:%Y-%m-%d %H:%M}"

    @staticmethod
    def hash(secret: str) -> str:
        """Return the SHA-256 of ``secret`` in hex."""
        return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
