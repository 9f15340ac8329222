"""What is read of timelines across sessions: uptime by location, and the latest events."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from locations.access import visible
from locations.principals import Principal
from sessions_app.lifecycle import Event, Status, Wanted
from sessions_app.models import Session, SessionEvent
from sessions_app.pages.timeline import TimelineEntry, entries_of
from sessions_app.pages.uptime import WINDOW_DAYS, SessionHistory, StatusChange, UptimeDay, days_of

_SAY_NOTHING_NEW = (Event.QR_CODE, Event.PAIR_CODE, Event.KEEPALIVE_SLOW)
# An interruption is told in one line with its end: more rows are read than lines are shown.
_ROWS_A_LINE = 4


def uptimes(
    location_ids: Collection[uuid.UUID], count: int = WINDOW_DAYS
) -> dict[uuid.UUID, list[UptimeDay]]:
    """The last ``count`` days of each location, oldest first, in three queries whatever their
    number. The caller has been through the door."""
    now = timezone.now()
    first = now.astimezone(UTC).date() - timedelta(days=count - 1)
    start = datetime.combine(first, time(), UTC)
    sessions = _sessions(location_ids, start)
    turns = _turns([session["id"] for session in sessions], start)
    lives: dict[uuid.UUID, list[SessionHistory]] = {location: [] for location in location_ids}
    for session in sessions:
        lives[session["location_id"]].append(_life(session, turns, start, now))
    return {location: days_of(lives[location], now, count) for location in lives}


def _sessions(location_ids: Collection[uuid.UUID], start: datetime) -> list[dict[str, Any]]:
    """The sessions of the locations, with how each stood when the window began."""
    before = SessionEvent.objects.filter(session=OuterRef("pk"), at__lt=start)
    latest = before.order_by("-at", "-version")
    return list(
        Session.objects.filter(location_id__in=location_ids)
        .order_by()
        .annotate(
            status_before=Subquery(latest.values("new_status")[:1]),
            reason_before=Subquery(latest.values("reason")[:1]),
            was_linked=Exists(before.filter(new_status=Status.READY)),
        )
        .values(
            "id", "location_id", "wanted", "wanted_at",
            "status_before", "reason_before", "was_linked",
        )
    )  # fmt: skip


def _turns(
    session_ids: Collection[uuid.UUID], start: datetime
) -> dict[uuid.UUID, list[StatusChange]]:
    rows = (
        SessionEvent.objects.filter(session_id__in=session_ids, at__gte=start)
        .exclude(event__in=_SAY_NOTHING_NEW)
        .order_by("session_id", "at", "version")
        .values_list("session_id", "at", "new_status", "reason")
    )
    return {
        session: [StatusChange(at, status, reason) for _, at, status, reason in group]
        for session, group in groupby(rows, key=lambda row: row[0])
    }


def _life(
    session: dict[str, Any],
    turns: dict[uuid.UUID, list[StatusChange]],
    start: datetime,
    now: datetime,
) -> SessionHistory:
    story = turns.get(session["id"], [])
    if session["status_before"]:
        story = [StatusChange(start, session["status_before"], session["reason_before"]), *story]
    unlinked = session["wanted"] == Wanted.UNLINKED
    return SessionHistory(story, session["was_linked"], session["wanted_at"] if unlinked else now)


@dataclass(frozen=True)
class RecentEntry:
    """A line of some session's timeline, and whose it is."""

    session_id: uuid.UUID
    location: str
    line: TimelineEntry


def recent(principal: Principal, count: int = 10) -> list[RecentEntry]:
    """The latest lines of all timelines that ``principal`` may see, newest first."""
    rows = visible(SessionEvent.objects.all(), principal).exclude(
        event=Event.QR_CODE, old_status=Status.QR
    )
    latest = rows.order_by("-at", "-id").values_list(
        "session_id", "session__location__name", "at", "event", "new_status", "detail", "actor",
        "version", named=True,
    )[: count * _ROWS_A_LINE]  # fmt: skip
    told = sorted(_told(latest), key=lambda item: item.line.at, reverse=True)
    return told[:count]


def _told(rows: Iterable[Any]) -> Iterable[RecentEntry]:
    by_session = sorted(rows, key=lambda row: (str(row.session_id), -row.version))
    for session_id, group in groupby(by_session, key=lambda row: row.session_id):
        own = list(group)
        for line in entries_of(own):
            yield RecentEntry(session_id, own[0].session__location__name, line)
