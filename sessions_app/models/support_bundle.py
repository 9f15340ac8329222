"""Support bundles: ZIP files with diagnostics of sessions, for support."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.data.requested_file import RequestedFile
from locations.models import Account, TenantQuerySet

KEPT = timedelta(days=7)
USUAL_LINES, MOST_LINES = 50, 5_000  # of the log, for each session


class BundleState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    BUILDING = "building", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


OPEN_STATES = (BundleState.WAITING, BundleState.BUILDING)


class SupportBundleQuerySet(TenantQuerySet):
    location_path = "session__location_id"
    deleted_with = ("session__location__deleting_at",)

    def open(self) -> Self:
        """Return bundles that are not built yet."""
        return self.filter(state__in=OPEN_STATES)

    def to_make(self, now: datetime) -> Self:
        """Return bundles to build: waiting, or with an expired lease; the oldest first."""
        idle = Q(state=BundleState.WAITING) | Q(
            state=BundleState.BUILDING, lease_expires_at__lt=now
        )
        return self.filter(idle).order_by("asked_at")

    def past(self, now: datetime) -> Self:
        """Return expired bundles."""
        return self.filter(expires_at__lt=now)


class SupportBundle(RequestedFile):
    """A requested bundle. Without an account it is for operators and contains data of the whole
    installation; otherwise it belongs to that account. Without a session it covers all sessions.
    The builder holds a lease, so that another one takes over if it dies."""

    kept, open_states = KEPT, OPEN_STATES

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="support_bundles",
    )
    session = models.ForeignKey(
        "sessions_app.Session",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="support_bundles",
    )
    lines = models.PositiveIntegerField(
        "log lines of each session",
        default=USUAL_LINES,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_LINES)],
    )
    state = models.CharField(
        max_length=8, choices=BundleState, default=BundleState.WAITING, editable=False
    )

    objects = SupportBundleQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=["waiting", "building"]),
                name="bundle_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in BundleState]),
                name="bundle_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "asked_at"], name="bundle_to_make"),
            models.Index(fields=["expires_at"], name="bundle_past"),
        ]

    def __str__(self) -> str:
        return f"Support bundle of {self.asked_at:%Y-%m-%d %H:%M} UTC"

    @property
    def path(self) -> Path:
        """The path of the ZIP file once the bundle is ready."""
        return bundles_folder() / f"{self.pk}.zip"

    @property
    def file_name(self) -> str:
        """The name of the downloaded file."""
        return f"pairline-support-{self.asked_at:%Y-%m-%d-%H%M}.zip"


def bundles_folder() -> Path:
    """Return the folder of the ZIP files, which web and gateways must share."""
    folder: Path = settings.DATA_DIR / "bundles"
    return folder
