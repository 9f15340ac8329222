"""The bell on top of every page."""

from __future__ import annotations

from typing import Any

from django import template

from locations.current_user import principal_of
from notifications.notices.inbox import COUNTED, unread

register = template.Library()


@register.inclusion_tag("notifications/notices/_bell.html", takes_context=True)
def bell(context: dict[str, Any]) -> dict[str, Any]:
    """How many notices of the account that is looked at are unread."""
    return {"unread": unread(principal_of(context["request"]))}


@register.filter
def counted(unread: int) -> str:
    """A number of unread notices as it is shown: "3", "9+"."""
    return f"{COUNTED}+" if unread > COUNTED else str(unread)
