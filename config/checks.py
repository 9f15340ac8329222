"""Misconfiguration is an error before anything starts, with what to do about it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register()
def simulator_only_in_debug(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The simulator replaces WhatsApp's trust root: never in production."""
    if settings.WHATSAPP_SIMULATOR and not settings.DEBUG:
        return [
            checks.Error(
                "WHATSAPP_SIMULATOR is set while DJANGO_DEBUG is off.",
                hint="Unset WHATSAPP_SIMULATOR, or set DJANGO_DEBUG=true on a test machine.",
                id="pairline.E001",
            )
        ]
    return []
