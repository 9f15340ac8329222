"""The account menu in the page header."""

from __future__ import annotations

from typing import Any

from django import template

from locations.current_user import principal_of

register = template.Library()


@register.inclusion_tag("locations/accounts/_menu.html", takes_context=True)
def account_menu(context: dict[str, Any]) -> dict[str, Any]:
    """Render the current account of the user, and the others to switch to."""
    principal = principal_of(context["request"])
    names = principal.names
    return {
        "current": names.get(principal.account) if principal.account else None,
        "others": [(pk, name) for pk, name in names.items() if pk != principal.account],
        "csrf_token": context.get("csrf_token"),
    }
