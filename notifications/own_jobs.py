"""The scheduled jobs of webhooks."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from notifications.queue import KEPT, forget_old
from sessions_app.jobs import Job, register_job
from sessions_app.units import plural


def register() -> None:
    register_job(Job("deliveries", _("Forget old deliveries"), timedelta(hours=1), _deliveries))


def _deliveries() -> str:
    return f"Deleted {plural(forget_old(), 'delivery', 'deliveries')} older than {KEPT.days} days."
