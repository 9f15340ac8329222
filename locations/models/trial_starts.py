"""The trials that users began."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from locations.models.accounts import User


class TrialStart(models.Model):
    """A trial that a user began by creating an account. It outlives the account, so that deleting
    accounts does not allow more trials."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="trial_starts")
    account_id = models.UUIDField(unique=True, editable=False)  # perhaps deleted: no foreign key
    started_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"trial of {self.account_id}"
