"""What keeps mails from arriving: addresses that take none, and a server that takes none."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone


class StoppedAddress(models.Model):
    """An address to which no mail is sent, for mails to it came back. It belongs to no account:
    each is told of it only for whom it has among its own people."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)  # in small letters
    why = models.CharField(max_length=200)
    smtp_code = models.PositiveSmallIntegerField(null=True, blank=True)
    since = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-since"]
        verbose_name_plural = "stopped addresses"

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, in small letters."""
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class MailServerTrouble(models.Model):
    """One row while the mail server cannot be reached or takes nothing; none while it works."""

    since = models.DateTimeField(default=timezone.now)
    at = models.DateTimeField(default=timezone.now)  # when it was last seen
    error = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"since {self.since:%Y-%m-%d %H:%M}"
