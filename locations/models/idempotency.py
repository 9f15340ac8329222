"""Stored responses for requests with an Idempotency-Key."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from locations.models.accounts import Account
from locations.models.tenant import TenantQuerySet


class IdempotentAnswer(models.Model):
    """The response to a request with an Idempotency-Key, stored in its transaction."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="answers")
    key = models.CharField(max_length=255)  # chosen by the client
    request_hash = models.CharField(max_length=64)  # SHA-256 of the request
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True, default="")  # JSON, as it was sent
    created_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="answer_once_a_key"),
        ]
        indexes = [models.Index(fields=["created_at"], name="answer_age")]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"
