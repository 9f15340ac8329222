"""Count the messages of each day, from an index alone."""

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
    """The messages of one day (UTC). Failed ones do not count."""

    day: date
    went_out: int
    came_in: int


def traffic(principal: Principal, count: int = SHOWN_DAYS) -> list[Traffic]:
    """Return the last ``count`` days, today last, of all that ``principal`` may see.

    One query takes the day from the text of each time in the index ``message_by_day``: 4 ms for
    15,000 of 100,000 messages. Django's date functions are Python functions on SQLite, and take
    20 times as long."""
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
