"""Notices: what an account is told of, one row for one thing.

A notice is written in the transaction of what it tells of. Soon after, the notices of one account
and kind are gathered (``gathering.py``) and told together: by mail to each member as he likes it,
by webhooks, and under the bell.
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
        """Write ``notices``, but for those whose key is there already: they have been told."""
        self.bulk_create(notices, ignore_conflicts=True)

    def to_gather(self, now: datetime) -> Self:
        """Those that nobody has been told of, whose time has come."""
        return self.filter(batch=None, tell_at__lte=now)

    def told(self) -> Self:
        """Those that people have been told of, the latest first."""
        return self.exclude(batch=None).order_by("-at", "-id")

    def of_kinds(self, kinds: Iterable[NoticeKind]) -> Self:
        """Those of these kinds."""
        return self.filter(kind__in=[str(kind) for kind in kinds])

    def for_person(self, user_id: uuid.UUID) -> Self:
        """Those that are for everybody whom their kind is for, or for this person alone."""
        return self.filter(Q(user=None) | Q(user_id=user_id))

    def at_locations_called(self, text: str) -> Self:
        """Those about a location that had ``text`` in its name when they were told."""
        return self.filter(facts__location__icontains=text)


class Notice(models.Model):
    """One thing that an account is told of, once.

    ``facts`` hold what its kind says, as plain values:

    - about a number (linked, lost, reminder, recovered, phone_offline, stopped): ``location``
      (its name), ``number`` (E.164, or ""), ``reason`` (of the lifecycle), ``since`` (ISO 8601),
      ``by`` (who did it: an e-mail, or ""), and of a temporary block ``until`` (when it is tried
      again)
    - reminder: ``days`` since the loss; recovered: ``seconds`` that it lasted; phone_offline:
      ``days`` unseen
    - plan: ``change`` (``trial_ends``, ``trial_ended``, ``suspended``, ``resumed``,
      ``past_due``, ``plan``), ``ends_at`` (ISO 8601, or "")
    - webhook_off: ``webhook`` (its id), ``url``, ``why``
    - bounced: ``email``, ``why``
    - bundle_ready: ``bundle`` (its id), ``expires_at`` (ISO 8601), ``size`` (bytes)

    Never a code, a key or a message.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    # Names the one thing that it tells of, so that it is never told twice.
    key = models.CharField(max_length=120, unique=True, editable=False)
    # No constraints in the database: a row that goes at this moment must not undo the change of
    # a session in whose transaction the notice is written.
    session_id = models.UUIDField(null=True, editable=False)
    location_id = models.UUIDField(null=True, editable=False)
    # The one person whom it is for; empty: see ``kinds.HABITS``.
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    tell_at = models.DateTimeField(default=timezone.now, editable=False)
    # Those that were told together; empty until then.
    batch = models.UUIDField(null=True, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)
    # Not told by mail for there were too many that day: in the dashboard and the summary only.
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
        """The key of the mail by which that user is told of it at once, with its whole batch."""
        return f"{self.batch}:{user_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; ``key`` is its own id where nobody gave one."""
        self.key = self.key or str(self.id)
        super().save(*args, **kwargs)
