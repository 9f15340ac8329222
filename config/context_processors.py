"""Template variables about the installation, available on every page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from locations.current_user import principal_of
from locations.models import User
from notifications.incidents.outages import outage_of
from notifications.models import Outage


def installation(request: HttpRequest) -> dict[str, object]:
    """Return ``simulated_network``, True while Pairline uses the simulator (every page shows a
    banner), and ``outage``, the outage that affects the current account or None. ``outage`` is a
    callable, so pages that do not show it run no query."""
    return {
        "simulated_network": bool(settings.WHATSAPP_SIMULATOR),
        "outage": lambda: _outage(request),
    }


def _outage(request: HttpRequest) -> Outage | None:
    if not isinstance(getattr(request, "user", None), User):
        return None
    account = principal_of(request).account
    return None if account is None else outage_of(account)
