"""How far users have read the notices of their accounts."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from locations.models import Account, TenantQuerySet, User


class Bell(models.Model):
    """The read marker of one user in one account.

    Users without one have read nothing since they joined.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bells")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="bells")
    # Notices sent up to this time have been read.
    read_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="bell_once_a_person")
        ]

    def __str__(self) -> str:
        return f"bell {self.id}"
