"""The scheduled jobs of webhooks, mails and news."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.background.jobs import Job, register_job
from core.data.batch_delete import delete_in_batches
from core.text.units import plural
from notifications.mail import queue
from notifications.models import Incident, Notice, Outage
from notifications.webhooks.queue import KEPT, forget_old


def register() -> None:
    register_job(Job("deliveries", _("Forget old deliveries"), timedelta(hours=1), _deliveries))
    register_job(Job("mails", _("Forget old mails"), timedelta(hours=1), _mails))
    register_job(Job("news", _("Forget old news"), timedelta(days=1), _news))


def _deliveries() -> str:
    return f"Deleted {plural(forget_old(), 'delivery', 'deliveries')} older than {KEPT.days} days."


def _mails() -> str:
    kept = queue.KEPT.days
    return f"Deleted {plural(queue.forget_old(), 'mail')} older than {kept} days."


def _news() -> str:
    return f"Deleted {plural(forget_news(timezone.now()), 'old piece')} of news."


NEWS_KEPT = timedelta(days=396)


def forget_news(now: datetime) -> int:
    """Delete notices, and incidents and outages that ended, more than 13 months before ``now``;
    how many rows."""
    before = now - NEWS_KEPT
    return (
        delete_in_batches(Notice.objects.filter(at__lt=before))
        + delete_in_batches(Incident.objects.filter(ended_at__lt=before))
        + delete_in_batches(Outage.objects.filter(ended_at__lt=before))
    )
