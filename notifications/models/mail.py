"""Mails on their way out: rows that are written with what they tell of, and what became of them.

The bodies are sealed, for an invitation is a key, and they are emptied once the mail is out or
its address takes none: the log keeps who was told of what and when, not the text. Those of mails
that failed for another reason are kept for a few days, so that they can be sent again.
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
    BOUNCED = "bounced", _("Came back")  # there is no such mailbox, said at once or later
    SKIPPED = "skipped", _("Not sent")  # mails to this address have come back before


class MailQuerySet(TenantQuerySet):
    def due(self, now: datetime) -> Self:
        return self.filter(state=MailState.WAITING, next_attempt_at__lte=now)

    def claimed(self, mail_id: uuid.UUID, until: datetime) -> Self:
        """The mail, if the claim that ends at ``until`` still holds it."""
        return self.filter(pk=mail_id, state=MailState.WAITING, next_attempt_at=until)

    def stuck(self, before: datetime) -> Self:
        """Those that wait since ``before`` or longer."""
        return self.filter(state=MailState.WAITING, queued_at__lt=before)

    def without_texts(self) -> Self:
        """For lists: what the mails say is read by nobody but the sender."""
        return self.defer("text", "html", "headers")

    def in_state(self, state: str) -> Self:
        """Those in ``state``; all of them for an empty one."""
        return self.filter(state=state) if state else self.all()

    def of_kind(self, kind: str) -> Self:
        """Those of ``kind``; all of them for an empty one."""
        return self.filter(kind=kind) if kind else self.all()

    def to_address(self, text: str) -> Self:
        """Those to addresses that contain ``text``."""
        return self.filter(to__icontains=text) if text else self.all()


class Mail(models.Model):
    """One mail to one address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Empty for what belongs to no tenant: alarms to operators, a person's own sign-in mails.
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="mails")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # What it is: a NoticeKind, "digest", "invitation", "alarm", …; for the log.
    kind = models.CharField(max_length=20)
    # Names the one telling to the one person, so that it is never written twice.
    key = models.CharField(max_length=160, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=250)  # one line
    text = SealedTextField(default="")
    html = SealedTextField(default="")
    headers = models.JSONField(default=dict)  # such as List-Unsubscribe
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    state = models.CharField(max_length=10, choices=MailState, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # While an attempt is under way this is when it counts as lost, with the process that made it.
    next_attempt_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now, editable=False)  # anew when sent again
    sent_at = models.DateTimeField(null=True)
    smtp_code = models.PositiveSmallIntegerField(null=True)  # RFC 5321, of the last answer
    error = models.CharField(max_length=200, blank=True, default="")
    # What a mail provider calls it in what it reports later; empty: by our Message-ID.
    provider_id = models.CharField(max_length=200, blank=True, default="", editable=False)

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state")
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="mail_due"),
            models.Index(fields=["account", "-created_at", "-id"], name="mail_log"),
            models.Index(fields=["user", "created_at"], name="mail_of_user"),
            models.Index(fields=["created_at"], name="mail_age"),
            models.Index(
                fields=["provider_id"], condition=~Q(provider_id=""), name="mail_of_provider"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.id}"
