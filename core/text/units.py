"""Parse and format durations, sizes and counts. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils.translation import gettext, ngettext

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST = timedelta(days=3_650)


class NotAnAge(ValueError):
    """The text is not an age. ``str()`` is a sentence that shows how to write one."""

    def __init__(self, typed: str) -> None:
        super().__init__(f"'{typed}' is not an age. Write, for example, 90s, 15m, 2h or 1d.")


def parse_age(typed: str) -> timedelta:
    """Parse "90s", "15m", "2h" or "1d", at most ten years. Raises NotAnAge."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", typed.strip().lower(), re.ASCII)
    if found is None:
        raise NotAnAge(typed)
    age = timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    if age > _LONGEST:
        raise NotAnAge(typed)
    return age


def size(count: float) -> str:
    """Format a number of bytes: "812 bytes", "1.2 MB" (of 1000 kB), "14 GB"."""
    if count < 1_000:
        return f"{count:.0f} bytes"
    unit = next((name for limit, name in ((1e6, "kB"), (1e9, "MB")) if count < limit), "GB")
    amount = count / {"kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]
    return f"{amount:.{1 if amount < 9.95 else 0}f} {unit}"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Format a count: "1 session", "3 sessions". ``nouns``: an irregular plural."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def duration(seconds: float) -> str:
    """Format a duration: "8 s", "3 min", "2 h", "4 days"."""
    if seconds >= 86_400:
        days = int(seconds // 86_400)
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    if seconds >= 3_600:
        return gettext("%(count)s h") % {"count": int(seconds // 3_600)}
    if seconds >= 60:
        return gettext("%(count)s min") % {"count": int(seconds // 60)}
    return gettext("%(count)s s") % {"count": max(1, round(seconds))}
