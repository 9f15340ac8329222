"""What of webhooks, losses and mails an operator should see at once."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from core.health.operator_alerts import Alert
from core.health.severity import Severity
from core.text.units import plural
from notifications.models import Incident, Mail, MailServerTrouble, Outage, StoppedAddress, Webhook

_LATELY = timedelta(minutes=15)
_A_WEEK = timedelta(days=7)


def dead_webhooks() -> list[Alert]:
    """One line for those that were switched off because nothing got through."""
    count = Webhook.objects.dead().count()
    if not count:
        return []
    text = "switched off, because nothing got through for a day"
    step = "Their owners were told; help those who do not react."
    url = reverse("admin:notifications_webhook_changelist")
    return [Alert(Severity.ERROR, plural(count, "webhook"), text, step, f"{url}?died__exact=1")]


def outages() -> list[Alert]:
    """The outage that goes on, if there is one."""
    url = reverse("admin:notifications_outage_changelist")
    return [
        Alert(
            Severity.CRITICAL,
            "outage",
            f"{plural(row.most, 'number')} of {plural(row.accounts, 'account')} went down "
            f"together at {row.began_at:%H:%M} UTC; their people see a banner, no mails",
            "Look whether it is ours: gateways, network, proxies, WhatsApp.",
            url,
        )
        for row in Outage.objects.filter(ended_at=None)
    ]


def long_losses() -> list[Alert]:
    """One line for the numbers that are lost for more than a day though their people know."""
    since = timezone.now() - timedelta(days=1)
    count = Incident.objects.open().filter(told_at__lt=since).count()
    if not count:
        return []
    url = f"{reverse('admin:notifications_incident_changelist')}?state=told"
    text = "lost for more than a day, and told"
    return [
        Alert(Severity.WARNING, plural(count, "number"), text, "Ask them if they need help.", url)
    ]


def mails() -> list[Alert]:
    """A server that takes nothing, mails that wait because of it or for another reason, and
    addresses that were stopped lately."""
    now = timezone.now()
    found: list[Alert] = []
    trouble = MailServerTrouble.objects.filter(at__gt=now - _LATELY).first()
    if trouble is not None:
        text = f"takes no mails since {trouble.since:%d %B %H:%M} UTC: {trouble.error}"
        step = "Look at the mail server, and at EMAIL_URL. Nothing is lost meanwhile."
        found.append(Alert(Severity.CRITICAL, "the mail server", text, step))
    if stuck := Mail.objects.stuck(now - _LATELY).count():
        text = "not sent for more than 15 minutes"
        url = reverse("admin:notifications_mail_changelist") + "?state__exact=waiting"
        step = "Read their errors; a process must run manage.py serve or run_gateway."
        found.append(Alert(Severity.ERROR, plural(stuck, "mail"), text, step, url))
    if stopped := StoppedAddress.objects.filter(since__gt=now - _A_WEEK).count():
        text = "no longer mailed to since this week, because mails came back"
        url = reverse("admin:notifications_stoppedaddress_changelist")
        step = "Their owners were told; clear those that work again."
        found.append(Alert(Severity.WARNING, _addresses(stopped), text, step, url))
    return found


def _addresses(count: int) -> str:
    return f"{count} address" if count == 1 else f"{count} addresses"
