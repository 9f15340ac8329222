"""Notices: events that an account is notified of, one row for each.

A notice is written in the transaction of the event. Soon after, ``notices/dispatch.py`` sends the
notices of one account and kind together: by mail, as each member prefers, by webhooks, and in the
list of notices.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone

from locations.models import Account, TenantQuerySet, User
from notifications.kinds import NoticeKind


class NoticeQuerySet(TenantQuerySet):
    location_path: ClassVar[str | None] = "location_id"

    def write(self, notices: Iterable[Notice]) -> None:
        """Save ``notices``, except those whose key exists already."""
        self.bulk_create(notices, ignore_conflicts=True)

    def to_gather(self, now: datetime) -> Self:
        """Return the notices that are due at ``now`` and not sent yet."""
        return self.filter(batch=None, tell_at__lte=now)

    def told(self) -> Self:
        """Return the notices that have been sent, the latest first."""
        return self.exclude(batch=None).order_by("-at", "-id")

    def of_kinds(self, kinds: Iterable[NoticeKind]) -> Self:
        """Return the notices of ``kinds``."""
        return self.filter(kind__in=[str(kind) for kind in kinds])

    def for_user(self, user_id: uuid.UUID) -> Self:
        """Return the notices that are not for another user alone."""
        return self.filter(Q(user=None) | Q(user_id=user_id))

    def at_locations_called(self, text: str) -> Self:
        """Return the notices about locations whose name contained ``text`` at the time."""
        return self.filter(facts__location__icontains=text)


class Notice(models.Model):
    """One event that an account is notified of, once.

    ``facts`` depend on the kind:

    - about a number (linked, lost, reminder, recovered, phone_offline, stopped): ``location``
      (its name), ``number`` (E.164, or ""), ``reason`` (of the lifecycle), ``since`` (ISO 8601),
      ``by`` (the address of the user who did it, or ""), and for a temporary block ``until``
      (when the next attempt is made)
    - reminder: ``days`` since the loss; recovered: ``seconds`` of the loss; phone_offline:
      ``days`` offline
    - plan: ``change`` (``trial_ends``, ``trial_ended``, ``suspended``, ``resumed``,
      ``past_due``, ``plan``), ``ends_at`` (ISO 8601, or "")
    - webhook_off: ``webhook`` (its id), ``host`` (of its URL, which may contain a key), ``why``
    - bounced: ``email``, ``why``
    - bundle_ready: ``bundle`` (its id), ``expires_at`` (ISO 8601), ``size`` (bytes)
    - export_ready: ``export`` (its id), ``expires_at`` (ISO 8601), ``size`` (bytes)

    They never contain a QR code, a key or the text of a message.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    # Identifies the event, so that there is never a second notice of it.
    key = models.CharField(max_length=120, unique=True, editable=False)
    # Without foreign keys: a row that is deleted at this moment must not roll back the change of
    # the session in whose transaction the notice is written.
    session_id = models.UUIDField(null=True, editable=False)
    location_id = models.UUIDField(null=True, editable=False)
    # The only user whom it is for; null: see ``kinds.DEFAULTS``.
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    tell_at = models.DateTimeField(default=timezone.now, editable=False)
    # The same for notices that were sent together; null until then.
    batch = models.UUIDField(null=True, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)
    # Not mailed because of the daily limit: in the dashboard and the daily summary only.
    quiet = models.BooleanField(default=False, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=NoticeKind.values), name="notice_kind")
        ]
        indexes = [
            models.Index(fields=["tell_at"], condition=Q(batch=None), name="notice_to_gather"),
            models.Index(fields=["account", "-at", "-id"], name="notice_of_account"),
            models.Index(fields=["account", "told_at"], name="notice_unread"),
            models.Index(fields=["at"], name="notice_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    def mail_key(self, user_id: uuid.UUID) -> str:
        """Return the key of the mail to that user about the whole batch."""
        return f"{self.batch}:{user_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it. A notice without a ``key`` gets its id as the key."""
        self.key = self.key or str(self.id)
        super().save(*args, **kwargs)
