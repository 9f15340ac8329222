"""The scheduled jobs of the whole installation."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.background.jobs import Job, register_job
from operations.backup.schedule import run_scheduled_backup


def register() -> None:
    """Register the backups if BACKUP_DIR is set."""
    if settings.BACKUP_DIR:
        every = timedelta(hours=settings.BACKUP_EVERY_HOURS)
        register_job(Job("backup", _("Back up"), every, run_scheduled_backup))
