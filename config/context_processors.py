"""What every page knows about the installation."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from locations.current_user import principal_of
from locations.models import User
from notifications.incidents.outages import outage_of
from notifications.models import Outage


def installation(request: HttpRequest) -> dict[str, object]:
    """``simulated_network``: True while WhatsApp is the simulator, so that every page says so.
    ``outage``: what keeps numbers of the account that is looked at down, None when nothing does;
    read only where it is shown."""
    return {
        "simulated_network": bool(settings.WHATSAPP_SIMULATOR),
        "outage": lambda: _outage(request),
    }


def _outage(request: HttpRequest) -> Outage | None:
    if not isinstance(getattr(request, "user", None), User):
        return None
    account = principal_of(request).account
    return None if account is None else outage_of(account)
