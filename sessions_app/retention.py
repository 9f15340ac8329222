"""What is not kept for ever of sessions; docs/explanation/retention.md has the whole table.

Each function deletes what is over at ``now`` and says how many rows that were."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from core.data.batch_delete import delete_in_slices
from sessions_app.lifecycle import Status
from sessions_app.models import ConnectLink, Gateway, SessionEvent

# Uptime shows 90 days; people compare with the same month of the year before.
EVENTS_KEPT = timedelta(days=396)
LINKS_KEPT = timedelta(days=30)
GATEWAYS_KEPT = timedelta(days=30)


def forget_events(now: datetime) -> int:
    """Events older than 13 months, but for the two of each session that uptime goes on from: how
    it stood then, and that it had been ready before."""
    old = SessionEvent.objects.filter(at__lt=now - EVENTS_KEPT)
    later = old.filter(session=OuterRef("session"), version__gt=OuterRef("version"))
    ready = Q(new_status=Status.READY)
    superfluous = Exists(later) & (~ready | Exists(later.filter(ready)))
    return delete_in_slices(old.filter(superfluous))


def forget_links(now: datetime) -> int:
    """One-time links that led nowhere any more a month ago."""
    return delete_in_slices(ConnectLink.objects.filter(expires_at__lt=now - LINKS_KEPT))


def forget_gateways(now: datetime) -> int:
    """Gateways that ended, or fell silent, a month ago."""
    return delete_in_slices(Gateway.objects.filter(heartbeat_at__lt=now - GATEWAYS_KEPT))
