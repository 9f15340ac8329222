"""What every page knows about the installation."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def installation(request: HttpRequest) -> dict[str, object]:
    """``simulated_network``: True while WhatsApp is the simulator, so that every page says so."""
    return {"simulated_network": bool(settings.WHATSAPP_SIMULATOR)}
