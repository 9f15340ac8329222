"""Outages of the platform: open them, assign incidents to them, end them."""

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
    OutageExtent,
    begins,
    is_over,
)
from notifications.mail import outbox
from notifications.mail_content.outage_alert import all_clear_mail, outage_mail
from notifications.models import Incident, Outage
from sessions_app.lifecycle import Reason, Wanted
from sessions_app.models import Session


def update_outages(now: datetime) -> None:
    """Open, update or end the outage, in one transaction.

    The number of statements does not depend on how many numbers are down.
    """
    with transaction.atomic():
        outage = Outage.objects.filter(ended_at=None).select_for_update().first() or _begun(now)
        if outage is not None:
            _assign_incidents(outage)
            _update(outage, now)


def outage_of(account_id: UUID) -> Outage | None:
    """Return the current outage if it affects numbers of this account, else None."""
    held = Incident.objects.open().of_accounts([account_id]).filter(outage__ended_at=None)
    row = held.exclude(outage=None).select_related("outage").order_by().first()
    return None if row is None else row.outage


def _candidates() -> QuerySet[Incident]:
    """Return open incidents without a notice that may be the fault of the platform."""
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
    down = OutageExtent(counted["numbers"], counted["accounts"], linked=0)
    if not begins(down):  # usually the end, so that linked numbers are not counted each time
        return None
    linked = Session.objects.filter(wanted=Wanted.LINKED).exclude(jid="").count()
    if not begins(OutageExtent(down.numbers, down.accounts, linked)):
        return None
    recent = Outage.objects.filter(ended_at__gt=now - REOPENED_WITHIN).first()
    if recent is not None:
        recent.ended_at = None
        recent.save(update_fields=["ended_at"])
        return recent
    outage = Outage.objects.create(began_at=counted["since"], noticed_at=now)
    _alarm(outage, down, held=counted["held"] > 0)
    return outage


def _assign_incidents(outage: Outage) -> None:
    """Assign the incidents that opened during ``outage`` for reasons in ``OURS``."""
    _candidates().update(outage=outage, due_at=outage.noticed_at + HOLD)


def _update(outage: Outage, now: datetime) -> None:
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


def _alarm(outage: Outage, down: OutageExtent, *, held: bool) -> None:
    content = outage_mail(down.numbers, down.accounts, outage.began_at, gateway_alive=held)
    _mail_operators(outage, "began", content)


def _all_clear(outage: Outage, now: datetime) -> None:
    content = all_clear_mail(outage.most, outage.accounts, outage.began_at, now)
    _mail_operators(outage, "over", content)


def _mail_operators(outage: Outage, what: str, content: MailContent) -> None:
    mail = render(content)
    key = f"outage:{outage.pk}:{what}"
    outbox.put(
        outbox.mail_of(mail, to=one.email, kind="alarm", key=f"{key}:{one.pk}")
        for one in _operators()
    )


def _operators() -> Iterable[User]:
    return User.objects.filter(is_active=True, is_superuser=True).exclude(email="")
