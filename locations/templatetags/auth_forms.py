"""Tags for allauth's pages."""

from __future__ import annotations

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()

# Marks in a User-Agent header, most specific first: Edge also claims to be Chrome, and Chrome
# Safari.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@register.simple_tag
def bare(field: BoundField) -> SafeString:
    """Render the field without its placeholder, which would repeat the label."""
    return field.as_widget(attrs={"placeholder": False})


@register.filter
def browser(user_agent: str) -> str:
    """Return the browser and system of a User-Agent header: "Firefox, Windows". An unknown header
    is cut to 40 characters."""
    names = [_first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS)]
    return ", ".join(filter(None, names)) or user_agent[:40] or "?"


def _first(text: str, marks: dict[str, str]) -> str:
    return next((name for mark, name in marks.items() if mark in text), "")
