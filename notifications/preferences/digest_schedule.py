"""When the next daily summary is due: once per local day, at the hour of the recipient. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class DigestTurn:
    """The summary of the local ``day``, due ``at`` (UTC)."""

    day: date
    at: datetime


def next_turn(now: datetime, zone: tzinfo, hour: int, after: date | None = None) -> DigestTurn:
    """Return the first turn after ``now`` (aware) at ``hour`` (0 to 23) in ``zone``.

    Its local day is later than ``after``, the day of the last summary.
    """
    day = now.astimezone(zone).date() - _DAY  # an hour in a gap may move past midnight
    if after is not None and day <= after:
        day = after + _DAY
    while (at := _moment(day, hour, zone)) is None or at <= now:
        day += _DAY
    return DigestTurn(day, at)


def _moment(day: date, hour: int, zone: tzinfo) -> datetime | None:
    """Return the time in UTC at which ``hour`` of ``day`` begins in ``zone``.

    The first one if clocks go back, the next existing minute if they skip the hour, and None if
    they skip the day.
    """
    if not _exists(datetime.combine(day, time(12), zone)):  # an island crossed the date line
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
