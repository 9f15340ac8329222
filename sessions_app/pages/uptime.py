"""How much of each day a number was ready, from its timeline. Pure: no clock, no database.

What counts is the time in which the number was meant to be linked: from its first connection
until it is unlinked, less the time for which somebody has stopped it. What the timeline does not
say (nobody vouched for a status, because no gateway ran) counts as the status that stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from sessions_app.lifecycle import Reason, Status

WINDOW_DAYS = 90


class UptimeState(Enum):
    """What a moment counts as."""

    READY = "ready"
    DOWN = "down"
    NOT_COUNTED = "not counted"


# Somebody wanted the number to be away. Texts, for a reason may be newer than this list.
_ON_PURPOSE = frozenset({str(Reason.USER_DISCONNECT), str(Reason.UNLINKED), "suspended_billing"})


@dataclass(frozen=True)
class StatusChange:
    """From ``at`` (aware) on, the number was in this status for this reason."""

    at: datetime
    status: str
    reason: str


@dataclass(frozen=True)
class SessionHistory:
    """One session: its turns in their order, the last before the window first if there is one;
    whether it had been linked before these; and the moment until which it counts."""

    turns: Sequence[StatusChange]
    was_linked: bool
    until: datetime


@dataclass(frozen=True)
class UptimeDay:
    """A day (UTC): for how long the number was ready, and for how long that was asked of it."""

    day: date
    ready_seconds: float
    counted_seconds: float

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when nothing counted."""
        return self.ready_seconds / self.counted_seconds if self.counted_seconds else None


def days_of(
    lives: Iterable[SessionHistory], now: datetime, count: int = WINDOW_DAYS
) -> list[UptimeDay]:
    """The last ``count`` days until ``now`` (aware), oldest first, of all the sessions that one
    location has had."""
    first = now.astimezone(UTC).date() - timedelta(days=count - 1)
    ready, counted = [0.0] * count, [0.0] * count
    for life in lives:
        for began, ended, state in _stretches(life, _midnight(first), now):
            for place, seconds in _by_day(began, ended, first):
                counted[place] += seconds
                ready[place] += seconds if state is UptimeState.READY else 0
    return [
        UptimeDay(first + timedelta(days=place), ready[place], counted[place])
        for place in range(count)
    ]


def share_of(days: Iterable[UptimeDay]) -> float | None:
    """How much of the days that count the number was ready, from 0 to 1; None for nothing."""
    listed = list(days)
    counted = sum(day.counted_seconds for day in listed)
    return sum(day.ready_seconds for day in listed) / counted if counted else None


def is_whole(share: float) -> bool:
    """Whether not a second is missing."""
    return _hundredths(share) >= 10_000


def _hundredths(share: float) -> int:
    """Of a percent, never rounded up; a sum of seconds is exact to less than the little more."""
    return int(share * 10_000 + 1e-6)


def percent(share: float) -> str:
    """ "99.98 %"; "100 %" means not a second away."""
    hundredths = _hundredths(share)
    return f"{hundredths // 100} %" if hundredths % 100 == 0 else f"{hundredths / 100:.2f} %"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _stretches(
    life: SessionHistory, start: datetime, now: datetime
) -> Iterable[tuple[datetime, datetime, UptimeState]]:
    """The parts of the window that count: from, to, and what as."""
    end = min(life.until, now)
    linked = life.was_linked
    for place, turn in enumerate(life.turns):
        linked = linked or turn.status == Status.READY
        following = life.turns[place + 1].at if place + 1 < len(life.turns) else end
        began, ended = max(turn.at, start), min(following, end)
        state = _state(turn, linked)
        if began < ended and state is not UptimeState.NOT_COUNTED:
            yield began, ended, state


def _state(turn: StatusChange, linked: bool) -> UptimeState:
    if turn.status == Status.READY:
        return UptimeState.READY
    if not linked or (turn.status == Status.DISCONNECTED and turn.reason in _ON_PURPOSE):
        return UptimeState.NOT_COUNTED
    return UptimeState.DOWN


def _by_day(began: datetime, ended: datetime, first: date) -> Iterable[tuple[int, float]]:
    """How many seconds of a stretch fall on which day, counted from ``first``."""
    began, ended = began.astimezone(UTC), ended.astimezone(UTC)
    while began < ended:
        upto = min(ended, _midnight(began.date() + timedelta(days=1)))
        yield (began.date() - first).days, (upto - began).total_seconds()
        began = upto
