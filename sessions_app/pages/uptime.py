"""The share of each day for which a number was ready, from its timeline. Pure.

Time counts from the first connection until the number is unlinked, except while it is stopped or
its account is suspended. While no gateway ran, the last known status counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from sessions_app.lifecycle import Reason, Status

WINDOW_DAYS = 90


class UptimeState(Enum):
    """How a moment counts."""

    READY = "ready"
    DOWN = "down"
    NOT_COUNTED = "not counted"


# The number was down on purpose. These are plain strings because a timeline may contain reasons of
# other versions.
_ON_PURPOSE = frozenset({str(Reason.USER_DISCONNECT), str(Reason.UNLINKED), "suspended_billing"})


@dataclass(frozen=True)
class StatusChange:
    """The number had this status and reason from ``at`` (aware) on."""

    at: datetime
    status: str
    reason: str


@dataclass(frozen=True)
class SessionHistory:
    """One session: its status changes in order, starting with the last one before the window if
    there is one; whether it had been linked before; and the moment until which it counts."""

    changes: Sequence[StatusChange]
    was_linked: bool
    until: datetime


@dataclass(frozen=True)
class UptimeDay:
    """A day (UTC): the seconds that the number was ready, and the seconds that count."""

    day: date
    ready_seconds: float
    counted_seconds: float

    @property
    def share(self) -> float | None:
        """The uptime from 0 to 1; None if no time counts."""
        return self.ready_seconds / self.counted_seconds if self.counted_seconds else None


def days_of(
    histories: Iterable[SessionHistory], now: datetime, count: int = WINDOW_DAYS
) -> list[UptimeDay]:
    """Return the last ``count`` days until ``now`` (aware), oldest first. ``histories`` are all
    sessions that one location has had."""
    first = now.astimezone(UTC).date() - timedelta(days=count - 1)
    ready, counted = [0.0] * count, [0.0] * count
    for history in histories:
        for began, ended, state in _periods(history, _midnight(first), now):
            for index, seconds in _by_day(began, ended, first):
                counted[index] += seconds
                ready[index] += seconds if state is UptimeState.READY else 0
    return [
        UptimeDay(first + timedelta(days=index), ready[index], counted[index])
        for index in range(count)
    ]


def share_of(days: Iterable[UptimeDay]) -> float | None:
    """Return the uptime over ``days`` from 0 to 1; None if no time counts."""
    listed = list(days)
    counted = sum(day.counted_seconds for day in listed)
    return sum(day.ready_seconds for day in listed) / counted if counted else None


def is_whole(share: float) -> bool:
    """Return whether the uptime is 100 %."""
    return _hundredths(share) >= 10_000


def _hundredths(share: float) -> int:
    """Return hundredths of a percent, never rounded up. The epsilon absorbs float errors."""
    return int(share * 10_000 + 1e-6)


def percent(share: float) -> str:
    """Return "99.98 %". "100 %" means no interruption at all."""
    hundredths = _hundredths(share)
    return f"{hundredths // 100} %" if hundredths % 100 == 0 else f"{hundredths / 100:.2f} %"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _periods(
    history: SessionHistory, start: datetime, now: datetime
) -> Iterable[tuple[datetime, datetime, UptimeState]]:
    """Yield the periods of the window that count: start, end and state."""
    end = min(history.until, now)
    linked = history.was_linked
    for index, change in enumerate(history.changes):
        linked = linked or change.status == Status.READY
        following = history.changes[index + 1].at if index + 1 < len(history.changes) else end
        began, ended = max(change.at, start), min(following, end)
        state = _state(change, linked)
        if began < ended and state is not UptimeState.NOT_COUNTED:
            yield began, ended, state


def _state(change: StatusChange, linked: bool) -> UptimeState:
    if change.status == Status.READY:
        return UptimeState.READY
    if not linked or (change.status == Status.DISCONNECTED and change.reason in _ON_PURPOSE):
        return UptimeState.NOT_COUNTED
    return UptimeState.DOWN


def _by_day(began: datetime, ended: datetime, first: date) -> Iterable[tuple[int, float]]:
    """Split a period by days: yield the index of each day from ``first``, and its seconds."""
    began, ended = began.astimezone(UTC), ended.astimezone(UTC)
    while began < ended:
        until = min(ended, _midnight(began.date() + timedelta(days=1)))
        yield (began.date() - first).days, (until - began).total_seconds()
        began = until
