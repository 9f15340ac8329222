"""The message ledger: a row is written before anything else happens with a message."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.data import bounds
from locations.models import Account, TenantQuerySet
from sessions_app.models import Session

MAX_TEXT_CHARACTERS = bounds.TEXT_CHARACTERS
EARLY_RECEIPT_KEPT = timedelta(days=1)


def _new_secret() -> str:
    return secrets.token_hex(32)


class Direction(models.TextChoices):
    OUT = "out", _("Out")
    IN = "in", _("In")


class MessageStatus(models.TextChoices):
    """An outgoing message advances through this list; an incoming one is ``received``.

    ``unconfirmed``: the engine ended before WhatsApp confirmed the message. It is never sent again
    automatically; a receipt settles it.
    """

    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Sending")
    UNCONFIRMED = "unconfirmed", _("Not confirmed")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")
    RECEIVED = "received", _("Received")


class MessageQuerySet(TenantQuerySet):
    location_path = "session__location_id"

    def of_session(self, session_id: uuid.UUID) -> Self:
        """Return the messages of one session."""
        return self.filter(session_id=session_id)

    def waiting(self) -> Self:
        """Return texts that wait to be sent."""
        return self.filter(direction=Direction.OUT, status=MessageStatus.QUEUED)


class Message(models.Model):
    """One message, in or out, of one session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="messages")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="messages")
    direction = models.CharField(max_length=3, choices=Direction)
    status = models.CharField(max_length=12, choices=MessageStatus)
    # WhatsApp's id. Empty for an outgoing text until the library has chosen one.
    whatsapp_id = models.CharField(max_length=64, blank=True, default="")
    # 32 bytes in hex that an outgoing message contains (messageContextInfo.messageSecret). The
    # library stores them with the id before it sends. After a crash they show whether, and under
    # which id, the message may have left.
    secret = models.CharField(max_length=64, default=_new_secret, editable=False)
    peer = models.CharField(max_length=16)  # the other side's number, E.164
    peer_name = models.CharField(max_length=120, blank=True, default="")
    text = models.TextField()
    media = models.CharField(max_length=20, blank=True, default="")  # "image", "audio", …
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=200, blank=True, default="")
    created_by = models.CharField(max_length=254, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="message_direction_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=MessageStatus.values), name="message_status_known"
            ),
            # Our ids are random and unique per session. Other senders choose theirs, so an id of
            # one sender must not hide a message of another.
            models.UniqueConstraint(
                fields=["session", "whatsapp_id"],
                condition=Q(direction=Direction.OUT) & ~Q(whatsapp_id=""),
                name="message_out_once",
            ),
            models.UniqueConstraint(
                fields=["session", "peer", "whatsapp_id"],
                condition=Q(direction=Direction.IN) & ~Q(whatsapp_id=""),
                name="message_in_once",
            ),
        ]
        indexes = [
            models.Index(fields=["session", "-created_at", "-id"], name="message_session_recent"),
            models.Index(
                fields=["session", "status", "created_at", "id"], name="message_session_queue"
            ),
            # Covers the count by day, which then reads no rows.
            models.Index(
                fields=["account", "created_at", "direction", "status"], name="message_by_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.status} {self.id}"


class EarlyReceiptQuerySet(TenantQuerySet):
    account_path = "session__account"


class EarlyReceipt(models.Model):
    """A receipt for an id that is not known yet, because receipts race the result of a send.

    It is applied and deleted as soon as the id becomes known. Most belong to messages sent before
    the number was linked, so they are deleted after ``EARLY_RECEIPT_KEPT``.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="early_receipts")
    whatsapp_id = models.CharField(max_length=64)
    status = models.CharField(max_length=12, choices=MessageStatus)
    at = models.DateTimeField()
    kept_at = models.DateTimeField(default=timezone.now)

    objects = EarlyReceiptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "whatsapp_id", "status"], name="early_receipt_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[MessageStatus.DELIVERED, MessageStatus.READ]),
                name="early_receipt_status_known",
            ),
        ]
        indexes = [models.Index(fields=["session", "kept_at"], name="early_receipt_age")]

    def __str__(self) -> str:
        return f"{self.status} {self.id}"
