"""Webhooks that customers set up, and each delivery of one.

A delivery holds no message and no code: what is secret or private is read from its own row when
the delivery is sent (see ``payloads.py``).
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


class Kind(models.TextChoices):
    """What a webhook can be told of."""

    SESSION_STATUS = "session.status", _("Connection changed its status")
    SESSION_QR = "session.qr", _("New QR code to scan")
    MESSAGE_RECEIVED = "message.received", _("Message came in")
    MESSAGE_RECEIPT = "message.receipt", _("Sent message came further")
    NOTICE = "notice", _("What people are told of: lost, back again, …")
    TEST = "webhook.test", _("Test")


class Format(models.TextChoices):
    """Whom a webhook speaks to."""

    PAIRLINE = "pairline", _("Your own server")  # every event, signed
    SLACK = "slack", _("A Slack channel")  # notices only, as Slack takes them, unsigned


SUBSCRIBABLE = tuple(kind for kind in Kind if kind is not Kind.TEST)


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")  # what it was about is gone


def new_secret() -> str:
    """A fresh secret: ``whsec_`` and 43 characters."""
    return f"whsec_{secrets.token_urlsafe(32)}"


class WebhookQuerySet(TenantQuerySet):
    # A key of some locations has to do with webhooks of one of those, not of the whole account.
    location_path: ClassVar[str | None] = "location_id"

    def working(self, account_ids: Iterable[uuid.UUID]) -> list[Webhook]:
        """The webhooks of these accounts that are told of events, with no more than is needed to
        know of which: this is asked within each change of a session."""
        rows = self.filter(account_id__in=set(account_ids), enabled=True).order_by()
        return list(rows.only("account_id", "location_id", "events"))

    def dead(self) -> Self:
        """Those that were switched off because nothing got through."""
        return self.filter(enabled=False, died=True)

    def with_last_delivery(self) -> Self:
        """Adds ``last_state``, ``last_at`` and ``last_code`` of the latest attempt."""
        tried = Delivery.objects.filter(webhook=OuterRef("pk"), attempted_at__isnull=False)
        latest = tried.order_by("-attempted_at")
        return self.annotate(
            last_state=Subquery(latest.values("state")[:1]),
            last_at=Subquery(latest.values("attempted_at")[:1]),
            last_code=Subquery(latest.values("status_code")[:1]),
        )


class Webhook(models.Model):
    """An address of a customer's own, and what it is told of."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="webhooks")
    # Only what happens at this location; empty: at all of the account's.
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, related_name="webhooks", null=True, blank=True
    )
    # Up to MAX_URL_CHARACTERS; for a channel it is all that one needs to write there.
    url = SealedTextField()
    format = models.CharField(max_length=10, choices=Format, default=Format.PAIRLINE)
    events = models.JSONField(default=list)  # of SUBSCRIBABLE
    secret = SealedTextField(default=new_secret, editable=False)  # "" where nothing is signed
    enabled = models.BooleanField(default=True)
    died = models.BooleanField(default=False, editable=False)  # switched off by us, not by people
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=254, blank=True, default="", editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(format__in=Format.values), name="webhook_format_known"
            ),
        ]
        indexes = [models.Index(fields=["account", "enabled"], name="webhook_of_account")]

    def __str__(self) -> str:
        return f"webhook {self.id}"  # its address may hold a customer's key

    @property
    def is_slack(self) -> bool:
        return self.format == Format.SLACK

    @property
    def known_url(self) -> str:
        """Its address; empty when no key opens it any more."""
        try:
            return str(self.url)
        except SealBroken:
            return ""

    @property
    def shown_url(self) -> str:
        """Its address for people and keys: of a channel only where it begins, for whoever knows
        the whole may write there."""
        if not self.is_slack or not self.known_url:
            return self.known_url
        parts = urlsplit(self.known_url)
        return f"{parts.scheme}://{parts.netloc}/…"

    def hears(self, kind: Kind, account_id: uuid.UUID, location_id: uuid.UUID | None) -> bool:
        """Whether it wants events of this kind at this location of this account."""
        at_home = self.account_id == account_id and self.location_id in (None, location_id)
        return at_home and kind in self.events


class DeliveryQuerySet(TenantQuerySet):
    location_path: ClassVar[str | None] = "webhook__location_id"

    def of_webhook(self, webhook_id: uuid.UUID) -> Self:
        return self.filter(webhook_id=webhook_id)

    def in_state(self, state: str) -> Self:
        """Those in ``state``; all of them for an empty one."""
        return self.filter(state=state) if state else self.all()

    def of_kind(self, kind: str) -> Self:
        """Those of ``kind``; all of them for an empty one."""
        return self.filter(kind=kind) if kind else self.all()

    def due(self, now: datetime) -> Self:
        """What should be sent by ``now``, to webhooks that are on."""
        ours = Exists(Webhook.objects.filter(pk=OuterRef("webhook_id"), enabled=True))
        return self.filter(ours, state=State.WAITING, next_attempt_at__lte=now)


class Delivery(models.Model):
    """One event on its way to one webhook, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="deliveries")
    # Without a constraint in the database: a webhook that is deleted at this moment must not
    # undo the change of a session in whose transaction the delivery is written.
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False
    )
    event_id = models.UUIDField(default=uuid.uuid4, editable=False)  # the same at each webhook
    kind = models.CharField(max_length=24, choices=Kind)
    session_id = models.UUIDField(null=True, editable=False)
    message_id = models.UUIDField(null=True, editable=False)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    queued_at = models.DateTimeField(default=timezone.now, editable=False)  # anew at a replay
    attempts = models.PositiveSmallIntegerField(default=0)
    # While one is under way this is when it counts as lost, with the process that made it.
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
                condition=Q(state__in=State.values), name="delivery_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["webhook", "next_attempt_at"],
                condition=Q(state="waiting"),
                name="delivery_due",
            ),
            models.Index(fields=["webhook", "-created_at", "-id"], name="delivery_log"),
            models.Index(fields=["webhook", "-attempted_at"], name="delivery_latest"),
            models.Index(fields=["created_at"], name="delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.id}"
