"""How far people have read the news of their accounts: what the bell counts from."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from locations.models import Account, TenantQuerySet, User


class Bell(models.Model):
    """The bell of one person in one account. Who has none has read nothing since he joined."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bells")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="bells")
    # What was told by then has been read.
    read_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="bell_once_a_person")
        ]

    def __str__(self) -> str:
        return f"bell {self.id}"
