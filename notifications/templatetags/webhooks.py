"""Small things that the pages of webhooks write."""

from __future__ import annotations

from django import template

from notifications.models import State, Webhook
from notifications.webhooks.actions import name_of

register = template.Library()


@register.filter
def host(webhook: Webhook) -> str:
    """What people know a webhook by."""
    return name_of(webhook)


@register.filter
def state_words(state: str) -> str:
    """The state of a delivery for people."""
    return str(State(state).label) if state in State else ""
