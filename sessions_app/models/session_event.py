"""The timeline of a session."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from locations.models import Account
from sessions_app.lifecycle import Event
from sessions_app.models.session import Session
from sessions_app.models.session_queryset import SessionEventQuerySet


class SessionEvent(models.Model):
    """One row of a session's timeline; append-only. It repeats the session's account, so that an
    account's latest events can be read from one index."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="session_events")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=24, choices=[(str(e), str(e)) for e in Event])
    old_status = models.CharField(max_length=12)
    new_status = models.CharField(max_length=12)
    reason = models.CharField(max_length=24)
    detail = models.CharField(max_length=120, blank=True, default="")
    actor = models.CharField(max_length=254)  # "gateway", "WhatsApp", a user's e-mail, …
    version = models.PositiveIntegerField()

    objects = SessionEventQuerySet.as_manager()

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["session", "version"], name="event_version_once"),
        ]
        indexes = [
            models.Index(fields=["account", "-at", "-id"], name="event_of_account"),
            # The account is included because the tenant scope filters by it. Without it, SQLite
            # reads the account's whole history for a few sessions.
            models.Index(fields=["session", "account", "at"], name="event_of_session"),
        ]

    def __str__(self) -> str:
        return f"{self.old_status} → {self.new_status} ({self.reason})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Copy the session's account, then save."""
        self.account_id = self.session.account_id
        super().save(*args, **kwargs)
