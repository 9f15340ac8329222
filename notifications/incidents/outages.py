"""Looks for outages of the platform: opens them, takes in their incidents, ends them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet

from core.mail.content import MailContent, render
from locations.models import User
from notifications.incidents.outage_rules import (
    HOLD,
    OURS,
    REOPENED_WITHIN,
    SETTLE,
    Down,
    begins,
    is_over,
)
from notifications.mail import outbox
from notifications.mail_content import all_clear_letter, outage_letter
from notifications.models import Incident, Outage
from sessions_app.lifecycle import Reason, Wanted
from sessions_app.models import Session


def look(now: datetime) -> int:
    """One look at ``now``, in one transaction of a few statements, however many numbers are down.
    Always 0: nothing is left for another look."""
    with transaction.atomic():
        outage = Outage.objects.filter(ended_at=None).select_for_update().first() or _begun(now)
        if outage is not None:
            _take_in(outage)
            _follow(outage, now)
    return 0


def outage_of(account_id: UUID) -> Outage | None:
    """The outage that goes on and holds numbers of this account, if there is one."""
    held = Incident.objects.open().of_accounts([account_id]).filter(outage__ended_at=None)
    row = held.exclude(outage=None).select_related("outage").order_by().first()
    return None if row is None else row.outage


def _candidates() -> QuerySet[Incident]:
    """Open incidents that may be the platform's fault, of which nobody was told."""
    return Incident.objects.open().filter(told_at=None, outage=None, reason__in=OURS).order_by()


def _begun(now: datetime) -> Outage | None:
    settle = min(SETTLE, timedelta(seconds=settings.INCIDENT_GRACE_SECONDS / 2))
    counted = (
        _candidates()
        .filter(opened_at__lte=now - settle)
        .aggregate(
            numbers=Count("pk"),
            accounts=Count("account", distinct=True),
            since=Min("opened_at"),
            held=Count("pk", filter=~Q(reason=Reason.GATEWAY_OFFLINE)),
        )
    )
    down = Down(counted["numbers"], counted["accounts"], linked=0)
    if not begins(down):  # most looks end here, without counting all that is linked
        return None
    linked = Session.objects.filter(wanted=Wanted.LINKED).exclude(jid="").count()
    if not begins(Down(down.numbers, down.accounts, linked)):
        return None
    recent = Outage.objects.filter(ended_at__gt=now - REOPENED_WITHIN).first()
    if recent is not None:
        recent.ended_at = None
        recent.save(update_fields=["ended_at"])
        return recent
    outage = Outage.objects.create(began_at=counted["since"], noticed_at=now)
    _alarm(outage, down, held=counted["held"] > 0)
    return outage


def _take_in(outage: Outage) -> None:
    """What drops meanwhile belongs to it; what shows a cause of its own does not."""
    _candidates().update(outage=outage, due_at=outage.noticed_at + HOLD)


def _follow(outage: Outage, now: datetime) -> None:
    grace = timedelta(seconds=settings.INCIDENT_GRACE_SECONDS)
    held = Incident.objects.open().filter(outage=outage).order_by()
    held.filter(told_at=None).exclude(reason__in=OURS).update(outage=None, due_at=now + grace)
    counted = held.aggregate(numbers=Count("pk"), accounts=Count("account", distinct=True))
    outage.most = max(outage.most, counted["numbers"])
    outage.accounts = max(outage.accounts, counted["accounts"])
    if is_over(counted["numbers"], outage.most):
        outage.ended_at = now
        held.filter(told_at=None).update(due_at=now + grace)
        _all_clear(outage, now)
    outage.save(update_fields=["most", "accounts", "ended_at"])


def _alarm(outage: Outage, down: Down, *, held: bool) -> None:
    letter = outage_letter(down.numbers, down.accounts, outage.began_at, gateway_alive=held)
    _tell_operators(outage, "began", letter)


def _all_clear(outage: Outage, now: datetime) -> None:
    letter = all_clear_letter(outage.most, outage.accounts, outage.began_at, now)
    _tell_operators(outage, "over", letter)


def _tell_operators(outage: Outage, what: str, letter: MailContent) -> None:
    mail = render(letter)
    key = f"outage:{outage.pk}:{what}"
    outbox.put(
        outbox.mail_of(mail, to=one.email, kind="alarm", key=f"{key}:{one.pk}")
        for one in _operators()
    )


def _operators() -> Iterable[User]:
    return User.objects.filter(is_active=True, is_superuser=True).exclude(email="")
