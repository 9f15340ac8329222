"""When the next daily summary is due: once for each local day, at the reader's hour. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Turn:
    """The summary of the local ``day``, due ``at`` (UTC)."""

    day: date
    at: datetime


def next_turn(now: datetime, zone: tzinfo, hour: int, after: date | None = None) -> Turn:
    """The first turn later than ``now`` (aware) at ``hour`` (0 to 23) in ``zone``, of a local
    day later than ``after``: the day that has had its summary, whatever was changed since."""
    day = now.astimezone(zone).date() - _DAY  # an hour in a gap may be taken after midnight
    if after is not None and day <= after:
        day = after + _DAY
    while (at := _moment(day, hour, zone)) is None or at <= now:
        day += _DAY
    return Turn(day, at)


def _moment(day: date, hour: int, zone: tzinfo) -> datetime | None:
    """When ``day`` comes to ``hour``, the first time if it does twice; the next minute that
    there is, if the clocks skip it; None for a day that they skip."""
    if not _exists(datetime.combine(day, time(12), zone)):  # where an island crossed the date line
        return None
    local = datetime.combine(day, time(hour), zone)
    at = local.astimezone(UTC)
    if _exists(local):
        return at
    offset = at.astimezone(zone).utcoffset()
    while (at - _MINUTE).astimezone(zone).utcoffset() == offset:
        at -= _MINUTE
    return at


def _exists(local: datetime) -> bool:
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)
