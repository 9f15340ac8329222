"""What of webhooks and losses an operator should see at once."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from locations.wrong import Line, Urgency
from notifications.models import Incident, Outage, Webhook
from sessions_app.units import plural


def dead_webhooks() -> list[Line]:
    """One line for those that were switched off because nothing got through."""
    count = Webhook.objects.dead().count()
    if not count:
        return []
    text = "switched off, because nothing got through for a day"
    step = "Their owners were told; help those who do not react."
    url = reverse("admin:notifications_webhook_changelist")
    return [Line(Urgency.TODAY, plural(count, "webhook"), text, step, f"{url}?died__exact=1")]


def outages() -> list[Line]:
    """The outage that goes on, if there is one."""
    url = reverse("admin:notifications_outage_changelist")
    return [
        Line(
            Urgency.NOW,
            "outage",
            f"{plural(row.most, 'number')} of {plural(row.accounts, 'account')} went down "
            f"together at {row.began_at:%H:%M} UTC; their people see a banner, no mails",
            "Look whether it is ours: gateways, network, proxies, WhatsApp.",
            url,
        )
        for row in Outage.objects.filter(ended_at=None)
    ]


def long_losses() -> list[Line]:
    """One line for the numbers that are lost for more than a day though their people know."""
    since = timezone.now() - timedelta(days=1)
    count = Incident.objects.open().filter(told_at__lt=since).count()
    if not count:
        return []
    url = f"{reverse('admin:notifications_incident_changelist')}?ended_at__isempty=1"
    text = "lost for more than a day, and told"
    return [Line(Urgency.KNOW, plural(count, "number"), text, "Ask them if they need help.", url)]
