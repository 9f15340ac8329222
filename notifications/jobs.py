"""The scheduled jobs that delete old deliveries, mails and notices."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.background.jobs import Job, register_job
from core.data.batch_delete import delete_in_batches
from core.text.units import plural
from locations.jobs import DELETION_EVERY, DELETION_SECONDS
from notifications.mail import queue
from notifications.models import Incident, Notice, Outage
from notifications.webhooks.actions import finish_deletions
from notifications.webhooks.queue import KEPT, forget_old

NOTICES_KEPT = timedelta(days=396)  # 13 months
_MANY = "old notices, incidents and outages"


def register() -> None:
    """Register the jobs with the scheduler."""
    register_job(Job("deliveries", _("Delete old deliveries"), timedelta(hours=1), _deliveries))
    register_job(Job("webhooks", _("Delete webhooks"), DELETION_EVERY, _webhooks))
    register_job(Job("mails", _("Delete old mails"), timedelta(hours=1), _mails))
    # "news" is the key of existing job rows and an argument of commands.
    register_job(Job("news", _("Delete old notices"), timedelta(days=1), _notices))


def _deliveries() -> str:
    return f"Deleted {plural(forget_old(), 'delivery', 'deliveries')} older than {KEPT.days} days."


def _webhooks() -> str:
    return f"Deleted {plural(finish_deletions(DELETION_SECONDS), 'webhook')}."


def _mails() -> str:
    kept = queue.KEPT.days
    return f"Deleted {plural(queue.forget_old(), 'mail')} older than {kept} days."


def _notices() -> str:
    count = delete_old_notices(timezone.now())
    return f"Deleted {plural(count, 'old notice, incident or outage', _MANY)}."


def delete_old_notices(now: datetime) -> int:
    """Delete notices, ended incidents and ended outages older than 13 months at ``now``.

    Return the number of deleted rows.
    """
    before = now - NOTICES_KEPT
    return (
        delete_in_batches(Notice.objects.filter(at__lt=before))
        + delete_in_batches(Incident.objects.filter(ended_at__lt=before))
        + delete_in_batches(Outage.objects.filter(ended_at__lt=before))
    )
