"""The identity of this installation."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Installation(models.Model):
    """Identifies this installation in its backups: parts of another installation's backup cannot
    be restored here. One row, which a restore of a whole backup replaces."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "config_installation"  # the model belonged to ``config`` before

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def current(cls) -> Installation:
        """Return the row, which the first call creates."""
        found = cls.objects.order_by("created_at").first()
        return found or cls.objects.create()
