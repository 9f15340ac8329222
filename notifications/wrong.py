"""What of the webhooks an operator should see at once."""

from __future__ import annotations

from django.urls import reverse

from locations.wrong import Line, Urgency
from notifications.models import Webhook
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
