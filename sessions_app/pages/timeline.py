"""A session's timeline: newest first, grouped by day, with repeated codes folded. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Protocol

from django.utils.translation import gettext, ngettext

from core.text.units import duration
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
    """The columns of an event."""

    at: datetime
    event: str
    new_status: str
    detail: str
    actor: str


@dataclass(frozen=True)
class TimelineEntry:
    """One entry: the time, a text, and a note."""

    at: datetime
    text: str
    note: str
    status: str
    event: Event


@dataclass(frozen=True)
class TimelineDay:
    day: date
    at: datetime
    entries: list[TimelineEntry] = field(default_factory=list)


def days(newest_first: Sequence[EventRow]) -> list[TimelineDay]:
    """Return the events as entries, grouped by day (UTC)."""
    entries = entries_of(newest_first)
    return [
        TimelineDay(day, at=group[0].at, entries=group)
        for day, group in (
            (day, list(rows)) for day, rows in groupby(entries, key=lambda entry: entry.at.date())
        )
    ]


def entries_of(newest_first: Sequence[EventRow]) -> list[TimelineEntry]:
    """Return the events of one session as entries."""
    return _fold(_unfolded(newest_first))


def _unfolded(newest_first: Sequence[EventRow]) -> Iterable[TimelineEntry]:
    for index, row in enumerate(newest_first):
        event = Event(row.event)
        text = gettext(EVENTS[event])
        if event is Event.CONNECTED:
            text = _connected(row, newest_first[index + 1 :])
        notes = [row.detail, _by(row.actor)]
        yield TimelineEntry(
            row.at, text, " · ".join(note for note in notes if note), row.new_status, event
        )


def _by(actor: str) -> str:
    return "" if actor in _OURS else gettext("by %(person)s") % {"person": actor}


def _connected(row: EventRow, older: Sequence[EventRow]) -> str:
    """Return "Connected", or "Reconnected after 8 s" after an interruption."""
    began: datetime | None = None
    for earlier in older:
        if Event(earlier.event) not in _INTERRUPTIONS:
            break
        began = earlier.at
    if began is None:
        return gettext(EVENTS[Event.CONNECTED])
    away = duration((row.at - began).total_seconds())
    return gettext("Reconnected after %(duration)s") % {"duration": away}


def _fold(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """Merge consecutive codes, of which there is one every 20 seconds, into one entry."""
    folded: list[TimelineEntry] = []
    for event, group in groupby(entries, key=lambda entry: entry.event):
        run = list(group)
        if event is Event.QR_CODE and len(run) > 1:
            words = ngettext("Showed %(count)s QR code", "Showed %(count)s QR codes", len(run))
            text = words % {"count": len(run)}
            folded.append(TimelineEntry(run[0].at, text, "", run[0].status, event))
        else:
            folded.extend(run)
    return folded
