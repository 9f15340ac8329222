"""Exports of an account: files that a worker writes and owners download."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.data.requested_file import RequestedFile
from locations.models.accounts import Account
from locations.models.tenant import TenantQuerySet

KEPT = timedelta(days=3)  # an export contains messages, so it is not kept for longer than needed


class ExportKind(models.TextChoices):
    ACCOUNT = "account", _("All data of the account")
    AUDIT_LOG = "audit_log", _("Audit log")


class ExportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    WRITING = "writing", _("Being written")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


OPEN_STATES = (ExportState.WAITING, ExportState.WRITING)


class ExportQuerySet(TenantQuerySet):
    def open(self) -> Self:
        """Return exports that are not written yet."""
        return self.filter(state__in=OPEN_STATES)

    def to_write(self, now: datetime) -> Self:
        """Return exports to write: waiting, or with an expired lease."""
        stuck = Q(state=ExportState.WRITING, lease_expires_at__lt=now)
        return self.filter(Q(state=ExportState.WAITING) | stuck)

    def past(self, now: datetime) -> Self:
        """Return expired exports."""
        return self.filter(expires_at__lt=now)


class Export(RequestedFile):
    """A requested export of an account. ``filters``: which rows of the audit log, as text by the
    name of the filter. ``written``: bytes so far. The worker that writes it holds a lease, so that
    another one takes over if it dies."""

    kept, open_states = KEPT, OPEN_STATES

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=10, choices=ExportKind)
    filters = models.JSONField(default=dict)
    state = models.CharField(
        max_length=8, choices=ExportState, default=ExportState.WAITING, editable=False
    )
    written = models.PositiveBigIntegerField(default=0, editable=False)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=["waiting", "writing"]),
                name="export_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in ExportState]),
                name="export_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in ExportKind]), name="export_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "asked_at"], name="export_to_write"),
            models.Index(fields=["expires_at"], name="export_past"),
        ]

    def __str__(self) -> str:
        return f"Export of {self.asked_at:%Y-%m-%d %H:%M} UTC"

    @property
    def path(self) -> Path:
        """The path of the file once the export is ready."""
        return exports_folder() / str(self.pk)


def exports_folder() -> Path:
    """Return the folder of the files, which web and gateways must share."""
    folder: Path = settings.DATA_DIR / "exports"
    return folder
