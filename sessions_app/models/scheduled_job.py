"""The state of each scheduled job: its last result, its next run, its lease."""

from __future__ import annotations

from django.db import models


class ScheduledJob(models.Model):
    """The row of one job (see ``jobs.py``) for all gateways. Times are the database's."""

    name = models.CharField(primary_key=True, max_length=60)
    planned_at = models.DateTimeField()  # the scheduled time of the next run, without jitter
    due_at = models.DateTimeField()
    last_started_at = models.DateTimeField(null=True)
    last_finished_at = models.DateTimeField(null=True)
    last_ok = models.BooleanField(null=True)
    last_result = models.CharField(max_length=300, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)  # in a row

    # The right to run it: owner, fencing epoch, expiry.
    lease_owner = models.CharField(max_length=120, blank=True, default="")
    lease_epoch = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
