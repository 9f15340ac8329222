"""Incidents: losses of a linked number, from the moment it drops until it is ready again.

They are opened and closed in the transaction that writes the session's status, as decided by
``incidents/rules.py``. Their notices are written by ``incidents/notices.py``.
"""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from locations.models import Account, TenantQuerySet
from sessions_app.models import Session


class Ending(models.TextChoices):
    READY = "ready", _("Connected again")
    STOPPED = "stopped", _("Stopped by a user")
    UNLINKED = "unlinked", _("Unlinked by a user")
    SUSPENDED = "suspended", _("The account was suspended")


class Outage(models.Model):
    """An outage of the platform: many numbers of several accounts dropped at once.

    Operators get one mail; customers see a banner instead of getting mails.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    began_at = models.DateTimeField()
    noticed_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    most = models.PositiveIntegerField(default=0)  # numbers that were down at once
    accounts = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return f"outage {self.id}"


class IncidentQuerySet(TenantQuerySet):
    location_path: ClassVar[str | None] = "session__location_id"

    def open(self) -> Self:
        return self.filter(ended_at=None)


class Incident(models.Model):
    """One loss of one number."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="incidents")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="incidents")
    opened_at = models.DateTimeField(default=timezone.now)
    began_with = models.CharField(max_length=24)  # the reason at the start
    reason = models.CharField(max_length=24)  # the latest reason that matters
    # When a notice is due unless the incident is over by then; null: none is.
    due_at = models.DateTimeField(null=True, blank=True)
    told = models.JSONField(default=list)  # the causes that have had a notice
    told_at = models.DateTimeField(null=True, blank=True)  # of the latest such notice
    reminders = models.PositiveSmallIntegerField(default=0)
    remind_at = models.DateTimeField(null=True, blank=True)
    outage = models.ForeignKey(
        Outage, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(max_length=10, choices=Ending, blank=True, default="")

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(ended_at=None), name="incident_one_open"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(ended_at=None), name="incident_due"),
            models.Index(fields=["remind_at"], condition=Q(ended_at=None), name="incident_remind"),
            models.Index(fields=["opened_at"], name="incident_age"),
            models.Index(fields=["account", "-opened_at"], name="incident_of_account"),
        ]

    def __str__(self) -> str:
        return f"incident of {self.session_id}"
