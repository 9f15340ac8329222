"""The menu of accounts on top of every page."""

from __future__ import annotations

from typing import Any

from django import template

from locations.current_user import principal_of

register = template.Library()


@register.inclusion_tag("locations/accounts/_menu.html", takes_context=True)
def account_menu(context: dict[str, Any]) -> dict[str, Any]:
    """The accounts of who is signed in, with the one that he looks at first in line."""
    principal = principal_of(context["request"])
    names = principal.names
    return {
        "current": names.get(principal.account) if principal.account else None,
        "others": [(pk, name) for pk, name in names.items() if pk != principal.account],
        "csrf_token": context.get("csrf_token"),
    }
