"""The part of a model that all files have which users request and a worker makes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone


class RequestedFile(models.Model):
    """A requested file. The worker that makes it holds a lease, so that another one takes over if
    it dies. Subclasses add ``state``; a file is kept for ``kept``, and not made yet in
    ``open_states``."""

    kept: ClassVar[timedelta]
    open_states: ClassVar[Sequence[str]]

    asked_by = models.CharField(max_length=254, editable=False)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    ready_at = models.DateTimeField(null=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False)  # bytes
    expires_at = models.DateTimeField(editable=False)

    class Meta:
        abstract = True

    def save(self, *args: object, **kwargs: object) -> None:
        """Set the expiry of a new request to ``kept`` after it, then save."""
        if self.expires_at is None:
            self.expires_at = self.asked_at + self.kept
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def is_open(self) -> bool:
        return self.state in self.open_states  # type: ignore[attr-defined]
