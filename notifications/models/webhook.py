"""Webhooks of customers and their deliveries.

A delivery contains no message and no QR code: secret and private data is read from its own row
when the delivery is sent (see ``webhooks/payloads.py``).
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self
from urllib.parse import urlsplit

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.security.encryption import SealBroken, SealedTextField
from locations.models import Account, Location, TenantQuerySet


class WebhookEvent(models.TextChoices):
    """The events that a webhook can subscribe to, and the test event."""

    SESSION_STATUS = "session.status", _("A number changed its status")
    SESSION_QR = "session.qr", _("New QR code to scan")
    MESSAGE_RECEIVED = "message.received", _("Message received")
    MESSAGE_RECEIPT = "message.receipt", _("Sent message delivered or read")
    NOTICE = "notice", _("Notices: a number lost, connected again, …")
    TEST = "webhook.test", _("Test")


class WebhookFormat(models.TextChoices):
    """The format of the deliveries of a webhook."""

    PAIRLINE = "pairline", _("Your own server")  # every event, signed
    SLACK = "slack", _("A Slack channel")  # notices only, in Slack's format, unsigned


SUBSCRIBABLE = tuple(kind for kind in WebhookEvent if kind is not WebhookEvent.TEST)


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")  # its subject no longer exists


def new_secret() -> str:
    """Return a new secret: ``whsec_`` and 43 characters."""
    return f"whsec_{secrets.token_urlsafe(32)}"


class WebhookQuerySet(TenantQuerySet):
    # A key for some locations may manage the webhooks of those, not those of the whole account.
    location_path: ClassVar[str | None] = "location_id"

    def for_manager(self) -> Self:
        """Leave out webhooks that are being deleted: everywhere, they no longer exist."""
        return self.filter(deleting_at__isnull=True)

    def working(self, account_ids: Iterable[uuid.UUID]) -> list[Webhook]:
        """Return the enabled webhooks of these accounts.

        Only the columns that decide about subscriptions are loaded, since this query runs in the
        transaction of each change of a session.
        """
        rows = self.filter(account_id__in=set(account_ids), enabled=True).order_by()
        return list(rows.only("account_id", "location_id", "events"))

    def dead(self) -> Self:
        """Return the webhooks that were switched off after a day of failures."""
        return self.filter(enabled=False, died=True)

    def with_last_delivery(self) -> Self:
        """Annotate ``last_state``, ``last_at`` and ``last_code`` of the latest attempt."""
        tried = Delivery.objects.filter(webhook=OuterRef("pk"), attempted_at__isnull=False)
        latest = tried.order_by("-attempted_at")
        return self.annotate(
            last_state=Subquery(latest.values("state")[:1]),
            last_at=Subquery(latest.values("attempted_at")[:1]),
            last_code=Subquery(latest.values("status_code")[:1]),
        )


class Webhook(models.Model):
    """A URL of a customer, and the events that are delivered to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="webhooks")
    # Only events of this location; null: of all locations of the account.
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, related_name="webhooks", null=True, blank=True
    )
    # Up to MAX_URL_CHARACTERS. The URL of a Slack channel is a credential.
    url = SealedTextField()
    format = models.CharField(max_length=10, choices=WebhookFormat, default=WebhookFormat.PAIRLINE)
    events = models.JSONField(default=list)  # of SUBSCRIBABLE
    secret = SealedTextField(default=new_secret, editable=False)  # "" for unsigned formats
    enabled = models.BooleanField(default=True)
    died = models.BooleanField(default=False, editable=False)  # switched off after failures
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=254, blank=True, default="", editable=False)
    # The start of its deletion, which a job completes. ``objects`` leaves out such rows.
    deleting_at = models.DateTimeField(null=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(format__in=WebhookFormat.values), name="webhook_format_known"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "enabled"], name="webhook_of_account"),
            models.Index(
                fields=["deleting_at"],
                condition=Q(deleting_at__isnull=False),
                name="webhook_deleting",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook {self.id}"  # its URL may contain a customer's key

    @classmethod
    def being_deleted(cls) -> models.QuerySet[Webhook]:
        """Return the webhooks of all accounts whose deletion is not complete yet."""
        return cls._base_manager.filter(deleting_at__isnull=False)

    @property
    def is_slack(self) -> bool:
        return self.format == WebhookFormat.SLACK

    @property
    def known_url(self) -> str:
        """Return the URL, or "" if it can no longer be decrypted."""
        try:
            return str(self.url)
        except SealBroken:
            return ""

    @property
    def shown_url(self) -> str:
        """Return the URL to display: that of a Slack channel is shortened, since it is secret."""
        if not self.is_slack or not self.known_url:
            return self.known_url
        parts = urlsplit(self.known_url)
        return f"{parts.scheme}://{parts.netloc}/…"

    def subscribes_to(
        self, kind: WebhookEvent, account_id: uuid.UUID, location_id: uuid.UUID | None
    ) -> bool:
        """Return whether it gets events of this kind at this location of this account."""
        in_scope = self.account_id == account_id and self.location_id in (None, location_id)
        return in_scope and kind in self.events


class DeliveryQuerySet(TenantQuerySet):
    location_path: ClassVar[str | None] = "webhook__location_id"
    deleted_with = ("webhook__deleting_at",)

    def of_webhook(self, webhook_id: uuid.UUID) -> Self:
        return self.filter(webhook_id=webhook_id)

    def in_state(self, state: str) -> Self:
        """Return the deliveries in ``state``, or all if it is empty."""
        return self.filter(state=state) if state else self.all()

    def of_kind(self, kind: str) -> Self:
        """Return the deliveries of ``kind``, or all if it is empty."""
        return self.filter(kind=kind) if kind else self.all()

    def waiting(self, now: datetime) -> Self:
        """Return the deliveries that are due at ``now``, even if their webhook is disabled."""
        return self.filter(state=DeliveryState.WAITING, next_attempt_at__lte=now)

    def due(self, now: datetime) -> Self:
        """Return the deliveries that are due at ``now``, of enabled webhooks."""
        enabled = Exists(Webhook.objects.filter(pk=OuterRef("webhook_id"), enabled=True))
        return self.waiting(now).filter(enabled)


class Delivery(models.Model):
    """The delivery of one event to one webhook, with its latest attempt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="deliveries")
    # Without a database constraint: a webhook that is deleted at this moment must not roll back
    # the change of the session in whose transaction the delivery is written.
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False
    )
    event_id = models.UUIDField(default=uuid.uuid4, editable=False)  # the same for all webhooks
    kind = models.CharField(max_length=24, choices=WebhookEvent)
    session_id = models.UUIDField(null=True, editable=False)
    message_id = models.UUIDField(null=True, editable=False)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    queued_at = models.DateTimeField(default=timezone.now, editable=False)  # reset by a replay
    attempts = models.PositiveSmallIntegerField(default=0)
    # During an attempt: when its lease expires and the delivery becomes due again.
    next_attempt_at = models.DateTimeField(default=timezone.now)
    attempted_at = models.DateTimeField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")
    duration_ms = models.PositiveIntegerField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="delivery_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["webhook", "next_attempt_at"],
                condition=Q(state="waiting"),
                name="delivery_due",
            ),
            models.Index(  # whether anything is due
                fields=["next_attempt_at"], condition=Q(state="waiting"), name="delivery_next"
            ),
            models.Index(  # for the sessions of a webhook to take turns
                fields=["webhook", "session_id", "next_attempt_at"],
                condition=Q(state="waiting"),
                name="delivery_turns",
            ),
            models.Index(
                fields=["webhook", "queued_at"],
                condition=Q(state="waiting"),
                name="delivery_oldest",
            ),
            models.Index(fields=["webhook", "-created_at", "-id"], name="delivery_log"),
            models.Index(fields=["webhook", "-attempted_at"], name="delivery_latest"),
            models.Index(fields=["created_at"], name="delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.id}"
