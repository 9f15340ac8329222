"""Alerts for operators about webhooks, outages, losses and mails."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from core.health.operator_alerts import Alert
from core.health.severity import Severity
from core.text.units import plural
from notifications.models import Incident, Mail, MailServerTrouble, Outage, StoppedAddress, Webhook

_RECENT = timedelta(minutes=15)
_WEEK = timedelta(days=7)


def dead_webhooks() -> list[Alert]:
    """Return an alert with the number of webhooks that were switched off after failures."""
    count = Webhook.objects.dead().count()
    if not count:
        return []
    text = "switched off, because no delivery succeeded for a day"
    step = "The owners have been notified. Contact those who do not react."
    url = reverse("admin:notifications_webhook_changelist")
    return [Alert(Severity.ERROR, plural(count, "webhook"), text, step, f"{url}?died__exact=1")]


def outages() -> list[Alert]:
    """Return an alert about the current outage, if there is one."""
    url = reverse("admin:notifications_outage_changelist")
    return [
        Alert(
            Severity.CRITICAL,
            "outage",
            f"{plural(row.most, 'number')} of {plural(row.accounts, 'account')} went down "
            f"together at {row.began_at:%H:%M} UTC; members see a banner and get no mails",
            "Check the gateways, the network, the proxies and WhatsApp itself.",
            url,
        )
        for row in Outage.objects.filter(ended_at=None)
    ]


def long_losses() -> list[Alert]:
    """Return an alert with the number of losses that had a notice more than a day ago."""
    since = timezone.now() - timedelta(days=1)
    count = Incident.objects.open().filter(told_at__lt=since).count()
    if not count:
        return []
    url = f"{reverse('admin:notifications_incident_changelist')}?state=told"
    text = "lost for more than a day, members notified"
    step = "Ask the owners if they need help."
    return [Alert(Severity.WARNING, plural(count, "number"), text, step, url)]


def mails() -> list[Alert]:
    """Return alerts about the mail server, mails that are stuck, and suppressed addresses."""
    now = timezone.now()
    found: list[Alert] = []
    trouble = MailServerTrouble.objects.filter(at__gt=now - _RECENT).first()
    if trouble is not None:
        text = f"has accepted no mails since {trouble.since:%d %B %H:%M} UTC: {trouble.error}"
        step = "Check the mail server and EMAIL_URL. No mails are lost in the meantime."
        found.append(Alert(Severity.CRITICAL, "the mail server", text, step))
    if stuck := Mail.objects.stuck(now - _RECENT).count():
        text = "not sent for more than 15 minutes"
        url = reverse("admin:notifications_mail_changelist") + "?state__exact=waiting"
        step = "Check their errors, and that manage.py serve or run_gateway is running."
        found.append(Alert(Severity.ERROR, plural(stuck, "mail"), text, step, url))
    if suppressed := StoppedAddress.objects.filter(since__gt=now - _WEEK).count():
        text = "put on the suppression list in the last seven days, because mails bounced"
        url = reverse("admin:notifications_stoppedaddress_changelist")
        step = "The owners have been notified. Remove addresses that work again."
        what = plural(suppressed, "address", "addresses")
        found.append(Alert(Severity.WARNING, what, text, step, url))
    return found
