"""The GHL locations that an account owns."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils import timezone

from locations.models.accounts import Account
from locations.models.tenant import TenantQuerySet


class LocationQuerySet(TenantQuerySet):
    location_path = "pk"

    def for_manager(self) -> Self:
        """Leave out locations that are being deleted: everywhere, they no longer exist."""
        return self.filter(deleting_at__isnull=True)


class Location(models.Model):
    """A GHL sub-account that belongs to one account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="locations")
    name = models.CharField(max_length=160)
    ghl_id = models.CharField("GHL location id", max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The start of its deletion, which a job completes. ``objects`` leaves out such rows.
    deleting_at = models.DateTimeField(null=True, editable=False)

    objects = LocationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["ghl_id"],
                condition=~models.Q(ghl_id=""),
                name="location_ghl_id_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deleting_at"],
                condition=models.Q(deleting_at__isnull=False),
                name="location_deleting",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def being_deleted(cls) -> models.QuerySet[Location]:
        """Return the locations of all accounts whose deletion is not complete yet."""
        return cls._base_manager.filter(deleting_at__isnull=False)
