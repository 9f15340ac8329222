"""What is not kept for ever of news; docs/explanation/retention.md has the whole table."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.data.batch_delete import delete_in_slices
from notifications.models import Incident, Notice, Outage

NEWS_KEPT = timedelta(days=396)


def forget_news(now: datetime) -> int:
    """Delete notices, and incidents and outages that ended, more than 13 months before ``now``;
    how many rows."""
    before = now - NEWS_KEPT
    return (
        delete_in_slices(Notice.objects.filter(at__lt=before))
        + delete_in_slices(Incident.objects.filter(ended_at__lt=before))
        + delete_in_slices(Outage.objects.filter(ended_at__lt=before))
    )
