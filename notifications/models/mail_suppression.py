"""What stops mails: the suppression list, and a mail server that is down."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone


class StoppedAddress(models.Model):
    """An address on the suppression list: no mail is sent to it, because mails to it bounced.

    It belongs to no account. An account is notified only if one of its members has the address.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)  # in lower case
    why = models.CharField(max_length=200)
    smtp_code = models.PositiveSmallIntegerField(null=True, blank=True)
    since = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-since"]
        verbose_name_plural = "stopped addresses"

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the address in lower case."""
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class MailServerTrouble(models.Model):
    """The current problem of the mail server: one row, or none while the server works."""

    since = models.DateTimeField(default=timezone.now)
    at = models.DateTimeField(default=timezone.now)  # when it last occurred
    error = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"since {self.since:%Y-%m-%d %H:%M}"
