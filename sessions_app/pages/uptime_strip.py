"""Draw the uptime of ninety days as an SVG strip, with a text alternative. Pure.

All days without an interruption share one path, which makes a strip 1 kB instead of 10. Heights
repeat what the colours mean, for users who cannot tell the colours apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext

from sessions_app.pages.uptime import UptimeDay, is_whole, percent, share_of

CELL, GAP, HEIGHT = 3, 1, 24
_MOSTLY = 0.95
_DAYS_NAMED = 5  # in the text alternative


@dataclass(frozen=True)
class Cell:
    """A day with an interruption. The coordinates are strings, so that templates do not localize
    them, which is slow for five hundred values on a page."""

    x: str
    y: str
    height: str
    tone: str
    title: str


@dataclass(frozen=True)
class Strip:
    """``whole`` and ``empty`` are SVG paths of the days without an interruption, and of the days
    that do not count."""

    width: int
    height: int
    whole: str
    empty: str
    cells: list[Cell]
    percent: str
    words: str


def strip(days: Sequence[UptimeDay]) -> Strip:
    """Return the strip of ``days``, oldest first."""
    whole, empty, cells = "", "", []
    for index, day in enumerate(days):
        x = index * (CELL + GAP)
        if day.share is None:
            empty += f"M{x} {HEIGHT - 2}h{CELL}v2h-{CELL}z"
        elif is_whole(day.share):
            whole += f"M{x} 0h{CELL}v{HEIGHT}h-{CELL}z"
        else:
            cells.append(_cell(x, day.day, day.share))
    share = share_of(days)
    shown = percent(share) if share is not None else ""
    width = len(days) * (CELL + GAP) - GAP
    return Strip(width, HEIGHT, whole, empty, cells, shown, _words(days, shown))


def _cell(x: int, day: date, share: float) -> Cell:
    mostly = share >= _MOSTLY
    height = HEIGHT * 2 // 3 if mostly else HEIGHT // 3
    tone = "mostly" if mostly else "down"
    title = f"{_named(day, get_language())}: {percent(share)}"
    return Cell(str(x), str(HEIGHT - height), str(height), tone, title)


@lru_cache(maxsize=1024)
def _named(day: date, language: str | None) -> str:
    """Return "5 Mar" in ``language``, the active one. Cached, because a page repeats the same
    ninety days many times."""
    return date_format(day, "j M")


def _words(days: Sequence[UptimeDay], shown: str) -> str:
    if not shown:
        return gettext("Not linked long enough to count.")
    hit = [day for day in days if day.share is not None and not is_whole(day.share)]
    counted = sum(day.share is not None for day in days)
    since = ngettext("Ready %(share)s of one day.", "Ready %(share)s of %(days)s days.", counted)
    words = since % {"share": shown, "days": counted}
    if not hit:
        return f"{words} {gettext('No interruption.')}"
    worst = sorted(hit, key=lambda day: day.share or 0)[:_DAYS_NAMED]
    named = ", ".join(f"{_named(d.day, get_language())} {percent(d.share or 0)}" for d in worst)
    interruptions = ngettext(
        "One day with an interruption: %(named)s.",
        "%(count)s days with interruptions, the worst: %(named)s.",
        len(hit),
    )
    return f"{words} {interruptions % {'count': len(hit), 'named': named}}"
