"""A session's events as people read them: newest first, by day, codes folded. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Protocol

from sessions_app.lifecycle import Event
from sessions_app.wording import EVENTS

_OURS = frozenset({"gateway", "WhatsApp", ""})
_INTERRUPTIONS = frozenset(
    {
        Event.DROPPED,
        Event.KEEPALIVE_LOST,
        Event.ENGINE_LOST,
        Event.CONNECT_FAILED,
        Event.RECONNECT,
        Event.UNREACHABLE,
    }
)


class EventRow(Protocol):
    """The columns of a timeline row."""

    at: datetime
    event: str
    new_status: str
    detail: str
    actor: str


@dataclass(frozen=True)
class Line:
    """One line: when, what, and what else is known of it."""

    at: datetime
    text: str
    note: str
    status: str


@dataclass(frozen=True)
class Day:
    day: date
    at: datetime
    lines: list[Line] = field(default_factory=list)


def days(newest_first: Sequence[EventRow]) -> list[Day]:
    """``newest_first`` as lines, grouped by day (UTC)."""
    lines = _fold(_lines(newest_first))
    return [
        Day(day, at=group[0].at, lines=group)
        for day, group in (
            (day, list(rows)) for day, rows in groupby(lines, key=lambda line: line.at.date())
        )
    ]


def _lines(newest_first: Sequence[EventRow]) -> Iterable[Line]:
    for place, row in enumerate(newest_first):
        event = Event(row.event)
        text = EVENTS[event]
        if event is Event.CONNECTED:
            text = _connected(row, newest_first[place + 1 :])
        notes = [row.detail, "" if row.actor in _OURS else f"by {row.actor}"]
        yield Line(row.at, text, " · ".join(note for note in notes if note), row.new_status)


def _connected(row: EventRow, older: Sequence[EventRow]) -> str:
    """ "Connected", or "Reconnected after 8 s" when an interruption came before."""
    began: datetime | None = None
    for earlier in older:
        if Event(earlier.event) not in _INTERRUPTIONS:
            break
        began = earlier.at
    if began is None:
        return EVENTS[Event.CONNECTED]
    return f"Reconnected after {duration((row.at - began).total_seconds())}"


def duration(seconds: float) -> str:
    """ "8 s", "3 min", "2 h", "4 days"."""
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{max(1, round(seconds))} s"


def _fold(lines: Iterable[Line]) -> list[Line]:
    """Codes follow each other every 20 seconds: a run of them is one line."""
    folded: list[Line] = []
    shown = EVENTS[Event.QR_CODE]
    for text, group in groupby(lines, key=lambda line: line.text):
        run = list(group)
        if text == shown and len(run) > 1:
            first = run[0]
            folded.append(Line(first.at, f"Showed {len(run)} QR codes", "", first.status))
        else:
            folded.extend(run)
    return folded
