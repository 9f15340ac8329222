"""The outbox and log of mails.

The bodies are encrypted, since an invitation contains a token, and deleted once the mail has been
sent or has bounced: the log keeps recipients, subjects and times. The bodies of mails that failed
for another reason are kept for a few days, so that the mails can be sent again.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.security.encryption import SealedTextField
from locations.models import Account, TenantQuerySet, User


class MailState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    BOUNCED = "bounced", _("Bounced")  # the mailbox does not exist, reported at once or later
    SKIPPED = "skipped", _("Not sent")  # the address is on the suppression list


class MailQuerySet(TenantQuerySet):
    def due(self, now: datetime) -> Self:
        return self.filter(state=MailState.WAITING, next_attempt_at__lte=now)

    def stuck(self, before: datetime) -> Self:
        """Return the mails that have been waiting since before ``before``."""
        return self.filter(state=MailState.WAITING, queued_at__lt=before)

    def without_texts(self) -> Self:
        """Defer the bodies, which lists do not show."""
        return self.defer("text", "html", "headers")

    def in_state(self, state: str) -> Self:
        """Return the mails in ``state``, or all if it is empty."""
        return self.filter(state=state) if state else self.all()

    def of_kind(self, kind: str) -> Self:
        """Return the mails of ``kind``, or all if it is empty."""
        return self.filter(kind=kind) if kind else self.all()

    def to_address(self, text: str) -> Self:
        """Return the mails to addresses that contain ``text``."""
        return self.filter(to__icontains=text) if text else self.all()


class Mail(models.Model):
    """One mail to one address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Null for mails that belong to no tenant: alarms to operators, sign-in mails of a user.
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="mails")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # For the log: a NoticeKind, "digest", "invitation", "alarm", …
    kind = models.CharField(max_length=20)
    # Identifies the occasion and the recipient, so that there is never a second mail.
    key = models.CharField(max_length=160, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=250)  # one line
    text = SealedTextField(default="")
    html = SealedTextField(default="")
    headers = models.JSONField(default=dict)  # such as List-Unsubscribe
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    state = models.CharField(max_length=10, choices=MailState, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # During an attempt: when its claim expires and the mail becomes due again.
    next_attempt_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now, editable=False)  # reset when sent again
    sent_at = models.DateTimeField(null=True)
    smtp_code = models.PositiveSmallIntegerField(null=True)  # RFC 5321, of the last reply
    error = models.CharField(max_length=200, blank=True, default="")
    # The provider's id, used in its later reports; empty: reports use our Message-ID.
    provider_id = models.CharField(max_length=200, blank=True, default="", editable=False)

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state")
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="mail_due"),
            models.Index(  # for accounts to take turns
                fields=["account", "next_attempt_at"],
                condition=Q(state="waiting"),
                name="mail_turns",
            ),
            models.Index(fields=["account", "-created_at", "-id"], name="mail_log"),
            models.Index(fields=["user", "created_at"], name="mail_of_user"),
            models.Index(fields=["created_at"], name="mail_age"),
            models.Index(
                fields=["provider_id"], condition=~Q(provider_id=""), name="mail_of_provider"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.id}"
