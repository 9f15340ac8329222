"""The GHL locations that an account owns."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from locations.models.accounts import Account
from locations.models.tenant import TenantQuerySet


class LocationQuerySet(TenantQuerySet):
    location_path = "pk"


class Location(models.Model):
    """A GHL sub-account that belongs to one account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="locations")
    name = models.CharField(max_length=160)
    ghl_id = models.CharField("GHL location id", max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

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

    def __str__(self) -> str:
        return self.name
