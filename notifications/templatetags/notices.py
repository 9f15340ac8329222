"""The number of unread notices, on top of every page."""

from __future__ import annotations

from typing import Any

from django import template

from locations.current_user import principal_of
from notifications.notices.inbox import COUNTED, unread

register = template.Library()


@register.inclusion_tag("notifications/notices/_unread.html", takes_context=True)
def unread_notices(context: dict[str, Any]) -> dict[str, Any]:
    """Show a link to the notices of the current account, with the number of unread ones."""
    return {"unread": unread(principal_of(context["request"]))}


@register.filter
def counted(unread: int) -> str:
    """Return a number of unread notices as it is displayed: "3", "9+"."""
    return f"{COUNTED}+" if unread > COUNTED else str(unread)
