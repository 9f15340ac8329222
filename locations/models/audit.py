"""The audit log: rows are written once and never changed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from locations.models.accounts import Account
from locations.models.tenant import TenantQuerySet


class AuditEvent(models.Model):
    """One action in an account. ``actor`` is a name (an e-mail address or the name of an API key)
    and not a foreign key: members leave and keys are deleted. ``verb`` is a verb registered with
    ``locations.audit``."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="audit_events")
    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.CharField(max_length=254)
    verb = models.CharField(max_length=40)
    target = models.CharField(max_length=160, blank=True, default="")
    detail = models.CharField(max_length=200, blank=True, default="")
    address = models.GenericIPAddressField("IP address", null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["account", "-at"], name="audit_of_account")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.verb} {self.target}".rstrip()
