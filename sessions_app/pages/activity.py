"""Queries on the timelines of many sessions: uptime by location, and the latest events."""

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

_WITHOUT_EFFECT_ON_UPTIME = (Event.QR_CODE, Event.PAIR_CODE, Event.KEEPALIVE_SLOW)
# One entry may fold several rows, so more rows are read than entries are shown.
_ROWS_PER_ENTRY = 4


def uptimes(
    location_ids: Collection[uuid.UUID], count: int = WINDOW_DAYS
) -> dict[uuid.UUID, list[UptimeDay]]:
    """Return the last ``count`` days of each location, oldest first, with three queries in all.
    The caller has checked access."""
    now = timezone.now()
    first = now.astimezone(UTC).date() - timedelta(days=count - 1)
    start = datetime.combine(first, time(), UTC)
    sessions = _sessions(location_ids, start)
    changes = _changes([session["id"] for session in sessions], start)
    histories: dict[uuid.UUID, list[SessionHistory]] = {location: [] for location in location_ids}
    for session in sessions:
        histories[session["location_id"]].append(_history(session, changes, start, now))
    return {location: days_of(histories[location], now, count) for location in histories}


def _sessions(location_ids: Collection[uuid.UUID], start: datetime) -> list[dict[str, Any]]:
    """Read the sessions of the locations, with their status when the window began."""
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


def _changes(
    session_ids: Collection[uuid.UUID], start: datetime
) -> dict[uuid.UUID, list[StatusChange]]:
    rows = (
        SessionEvent.objects.filter(session_id__in=session_ids, at__gte=start)
        .exclude(event__in=_WITHOUT_EFFECT_ON_UPTIME)
        .order_by("session_id", "at", "version")
        .values_list("session_id", "at", "new_status", "reason")
    )
    return {
        session: [StatusChange(at, status, reason) for _, at, status, reason in group]
        for session, group in groupby(rows, key=lambda row: row[0])
    }


def _history(
    session: dict[str, Any],
    changes: dict[uuid.UUID, list[StatusChange]],
    start: datetime,
    now: datetime,
) -> SessionHistory:
    own = changes.get(session["id"], [])
    if session["status_before"]:
        own = [StatusChange(start, session["status_before"], session["reason_before"]), *own]
    unlinked = session["wanted"] == Wanted.UNLINKED
    return SessionHistory(own, session["was_linked"], session["wanted_at"] if unlinked else now)


@dataclass(frozen=True)
class RecentEntry:
    """An entry of a session's timeline, with the session and its location."""

    session_id: uuid.UUID
    location: str
    entry: TimelineEntry


def recent(principal: Principal, count: int = 10) -> list[RecentEntry]:
    """Return the latest entries of all timelines that ``principal`` may see, newest first."""
    rows = visible(SessionEvent.objects.all(), principal).exclude(
        event=Event.QR_CODE, old_status=Status.QR
    )
    latest = rows.order_by("-at", "-id").values_list(
        "session_id", "session__location__name", "at", "event", "new_status", "detail", "actor",
        "version", named=True,
    )[: count * _ROWS_PER_ENTRY]  # fmt: skip
    entries = sorted(_entries(latest), key=lambda item: item.entry.at, reverse=True)
    return entries[:count]


def _entries(rows: Iterable[Any]) -> Iterable[RecentEntry]:
    by_session = sorted(rows, key=lambda row: (str(row.session_id), -row.version))
    for session_id, group in groupby(by_session, key=lambda row: row.session_id):
        own = list(group)
        for entry in entries_of(own):
            yield RecentEntry(session_id, own[0].session__location__name, entry)
