"""The scheduled jobs of sessions."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.background.jobs import Job, register_job
from core.data.batch_delete import delete_in_batches
from core.text.units import plural, size
from sessions_app.cleanup import run
from sessions_app.lifecycle import Status
from sessions_app.models import ConnectLink, Gateway, SessionEvent

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STUCK_AFTER = timedelta(minutes=10)
# The job runs unattended, so it is careful. After so long, WhatsApp has removed the device itself.
LEFT_OVER_AFTER = timedelta(days=30)


def register() -> None:
    for job in (
        Job("attempts", _("End stuck attempts"), HOUR, _attempts),
        Job("cleanup", _("Monthly cleanup"), timedelta(days=30), _cleanup),
        Job("timelines", _("Shorten timelines"), DAY, _timelines),
    ):
        register_job(job)


def _attempts() -> str:
    return f"Ended {plural(run.end_stuck(STUCK_AFTER), 'stuck attempt')}."


def _cleanup() -> str:
    """Delete leftover key files of this machine, old links and old gateways. Unlinks nothing.
    Raises OSError if a file cannot be deleted."""
    now = timezone.now()
    links, gateways = forget_links(now), forget_gateways(now)
    report = run.delete_left_over(LEFT_OVER_AFTER)
    if report.failed:
        raise OSError(f"{plural(len(report.failed), 'file')} could not be deleted")
    freed = size(sum(file.size for file in report.deleted))
    return (
        f"Deleted {plural(len(report.deleted), 'leftover file')} ({freed}), "
        f"{plural(links, 'link')} and {plural(gateways, 'old gateway')}."
    )


def _timelines() -> str:
    return f"Deleted {plural(forget_events(timezone.now()), 'event')}."


# Uptime shows 90 days; customers compare with the same month of the year before.
EVENTS_KEPT = timedelta(days=396)
LINKS_KEPT = timedelta(days=30)
GATEWAYS_KEPT = timedelta(days=30)


def forget_events(now: datetime) -> int:
    """Delete events older than 13 months, except the two per session that uptime needs: the
    latest one, and the latest one that was ready."""
    old = SessionEvent.objects.filter(at__lt=now - EVENTS_KEPT)
    later = old.filter(session=OuterRef("session"), version__gt=OuterRef("version"))
    ready = Q(new_status=Status.READY)
    superfluous = Exists(later) & (~ready | Exists(later.filter(ready)))
    return delete_in_batches(old.filter(superfluous))


def forget_links(now: datetime) -> int:
    """Delete one-time links that expired a month ago."""
    return delete_in_batches(ConnectLink.objects.filter(expires_at__lt=now - LINKS_KEPT))


def forget_gateways(now: datetime) -> int:
    """Delete gateways whose last heartbeat is a month old."""
    return delete_in_batches(Gateway.objects.filter(heartbeat_at__lt=now - GATEWAYS_KEPT))
