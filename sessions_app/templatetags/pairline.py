"""Template tags and filters for all pages: times, numbers, icons, uptime."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from django import template
from django.conf import settings
from django.template import Context
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core.text.masking import masked
from core.text.phone_numbers import international
from core.text.units import size
from sessions_app.pages.activity import uptimes
from sessions_app.pages.uptime_strip import Strip, strip

register = template.Library()

# Strokes on a 20 × 20 grid, 1.6 wide, in the colour of the text beside them.
_ICONS: dict[str, str] = {
    "bell": "M5 13.5V9a5 5 0 0 1 10 0v4.5l1.5 1.5h-13zM8.3 17.2a2 2 0 0 0 3.4 0",
    "plus": "M10 4v12M4 10h12",
    "search": "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
    "arrow-left": "M16 10H4m5-5-5 5 5 5",
    "chevron": "M5.5 8l4.5 4.5L14.5 8",
    "tick": "M4.5 10.5l3.5 3.5 7.5-8",
    "ticks": "M1.5 10.5L5 14l7-8M9.5 13l1 1 7.5-8",
    "clock": "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM10 6.5V10l2.5 1.5",
    "alert": "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM10 6.8v4M10 13.2v.01",
    "question": "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8.2 8.2a1.9 1.9 0 1 1 2.6 1.8"
    "c-.5.2-.8.6-.8 1.1M10 13.4v.01",
    "phone": "M7 2.5h6a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1zM9 15h2",
    "in": "M15 5L5 15m0-7v7h7",
    "out": "M5 15L15 5m0 7V5H8",
    "send": "M3 10l14-6.5L12.5 17 9.8 11.2z",
    "ascending": "M10 15.5v-11m-4 4 4-4 4 4",
    "descending": "M10 4.5v11m-4-4 4 4 4-4",
    "sign-out": "M8 3.5H4.5v13H8M8.5 10H17m-3.5-3.5L17 10l-3.5 3.5",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return an inline icon. It is hidden from screen readers: a text must stand beside it."""
    return format_html(
        '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        _ICONS[name],
    )


@register.simple_tag
def simulated_phone(qr_text: str) -> str:
    """Return the URL where a simulated phone scans this code; "" on the real network."""
    return phone_address(qr_text)


@register.inclusion_tag("sessions_app/pages/session/parts/_uptime.html", takes_context=True)
def uptime_card(context: Context, location_id: UUID) -> dict[str, Strip | str]:
    """Render the uptime of a location, which the page has checked access to: the last 90 days,
    and the last 30 for small screens. The card reloads from the page's ``path``."""
    days = uptimes([location_id])[location_id]
    return {"whole": strip(days), "month": strip(days[-30:]), "path": context["request"].path}


@register.simple_tag
def when(moment: datetime | None, style: str = "ago") -> SafeString:
    """Return ``moment`` as a ``<time>`` element, in UTC. The browser makes it local, and relative
    for ``ago`` and ``since``. ``style`` is ago ("3 h ago"), since ("3 h"), clock ("14:02") or
    day."""
    if moment is None:
        return mark_safe("")
    moment = moment.astimezone(UTC)
    exact = f"{date_format(moment, 'j M Y, H:i')} UTC"
    shown = {"clock": f"{moment:%H:%M}", "day": date_format(moment, "j F Y")}.get(style, exact)
    return format_html(
        '<time datetime="{}" data-style="{}" title="{}">{}</time>',
        moment.isoformat(timespec="milliseconds"),
        style,
        exact,
        shown,
    )


@register.filter
def phone(number: str) -> str:
    """Return an E.164 number with spaces: "+351 912 345 678"."""
    return international(number)


@register.filter(name="masked")
def masked_number(number: str) -> str:
    """Return the end of a number: "…5678"."""
    return masked(number)


@register.filter
def amount(count: int) -> str:
    """Return a number of bytes with its unit: "1.2 MB"."""
    return size(count)


@register.simple_tag
def server_clock() -> str:
    """Return the server's time, with which the browser corrects countdowns."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def phone_address(qr_text: str) -> str:
    """Return the URL of the simulator's page with this code; "" on the real network, or if the
    simulator is not running. The code follows "#", so that no server logs it."""
    if not settings.WHATSAPP_SIMULATOR:
        return ""
    try:
        state = json.loads(Path(settings.WHATSAPP_SIMULATOR).read_text(encoding="utf-8"))
        control = str(state["control"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"{control}/#qr={quote(qr_text, safe='')}" if control.startswith("http://") else ""
