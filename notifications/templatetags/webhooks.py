"""Template filters for the pages of webhooks."""

from __future__ import annotations

from django import template

from notifications.models import DeliveryState, Webhook
from notifications.webhooks.actions import name_of

register = template.Library()


@register.filter
def host(webhook: Webhook) -> str:
    """Return the name under which pages list ``webhook``: the host of its address."""
    return name_of(webhook)


@register.filter
def state_words(state: str) -> str:
    """Return the label of a delivery state, or "" if there is no such state."""
    return str(DeliveryState(state).label) if state in DeliveryState else ""
