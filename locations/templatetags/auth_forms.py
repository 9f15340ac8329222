"""Fields of the sign-in library's forms, as ours look."""

from __future__ import annotations

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()

# Marks in a User-Agent header, the most telling first: Edge claims to be Chrome, Chrome Safari.
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
    """The field without a placeholder: its label says the same, and stays."""
    return field.as_widget(attrs={"placeholder": False})


@register.filter
def browser(user_agent: str) -> str:
    """The browser and the system of a User-Agent header, as far as people know them: "Firefox,
    Windows"; what tells neither is cut to its first 40 characters."""
    names = [_first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS)]
    return ", ".join(filter(None, names)) or user_agent[:40] or "?"


def _first(text: str, marks: dict[str, str]) -> str:
    return next((name for mark, name in marks.items() if mark in text), "")
