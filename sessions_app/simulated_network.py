"""Where the simulated phones are, while WhatsApp is simulated: for pages on a test machine."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from django.conf import settings


def phone_address(qr_text: str) -> str:
    """The simulator's page with this code held before its camera; "" on the real network, or
    while the simulator is away. The code stands behind "#", so no server ever logs it."""
    if not settings.WHATSAPP_SIMULATOR:
        return ""
    try:
        state = json.loads(Path(settings.WHATSAPP_SIMULATOR).read_text(encoding="utf-8"))
        control = str(state["control"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"{control}/#qr={quote(qr_text, safe='')}" if control.startswith("http://") else ""
