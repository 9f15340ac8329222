"""The scheduled jobs of sessions, and those of people, who know nothing of jobs."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.background.jobs import Job, register_job
from core.text.units import plural, size
from locations import jobs as people
from locations.rest.idempotency import forget_answers
from sessions_app import cleanup, retention

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STUCK_AFTER = timedelta(minutes=10)
# Nobody is there to look twice. WhatsApp itself has let go of a device that was away for so long.
LEFT_OVER_AFTER = timedelta(days=30)


def register() -> None:
    for job in (
        Job("attempts", _("End stuck attempts"), HOUR, _attempts),
        Job("cleanup", _("Monthly cleanup"), timedelta(days=30), _cleanup),
        Job("timelines", _("Shorten timelines"), DAY, _timelines),
        Job("sign_ins", _("Forget expired sign-ins"), DAY, _sign_ins),
        Job("invitations", _("Forget old invitations"), DAY, _invitations),
        Job("answers", _("Forget answers to repeated requests"), HOUR, _answers),
    ):
        register_job(job)


def _attempts() -> str:
    return f"Ended {plural(cleanup.end_stuck(STUCK_AFTER), 'stuck attempt')}."


def _cleanup() -> str:
    """Leftover key files of this machine, links and gateways; nothing is unlinked. Raises
    OSError when a file cannot be deleted."""
    now = timezone.now()
    links, gateways = retention.forget_links(now), retention.forget_gateways(now)
    report = cleanup.delete_left_over(LEFT_OVER_AFTER)
    if report.failed:
        raise OSError(f"{plural(len(report.failed), 'file')} could not be deleted")
    freed = size(sum(file.size for file in report.deleted))
    return (
        f"Deleted {plural(len(report.deleted), 'leftover file')} ({freed}), "
        f"{plural(links, 'link')} and {plural(gateways, 'old gateway')}."
    )


def _timelines() -> str:
    return f"Deleted {plural(retention.forget_events(timezone.now()), 'event')}."


def _sign_ins() -> str:
    return f"Deleted {plural(people.forget_sign_ins(timezone.now()), 'expired sign-in')}."


def _invitations() -> str:
    return f"Deleted {plural(people.forget_invitations(timezone.now()), 'old invitation')}."


def _answers() -> str:
    return f"Deleted {plural(forget_answers(), 'answer')}."
