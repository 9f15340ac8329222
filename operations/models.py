"""The installation itself: what it is told apart by."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Installation(models.Model):
    """Which installation this database is, so that a part of another one's backup is not put
    into it. One row; it moves house with a whole backup."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "config_installation"  # the model was in ``config`` once

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def current(cls) -> Installation:
        """This one; it gets its row when it is first asked for."""
        found = cls.objects.order_by("created_at").first()
        return found or cls.objects.create()
