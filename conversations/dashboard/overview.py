"""The overview: how the numbers stand, what went through them, how steadily they were there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Page, Paginator

from conversations.dashboard.traffic import Traffic
from locations.principals import Principal
from sessions_app import presentation as show
from sessions_app.pages.activity import uptimes
from sessions_app.pages.location_table import LocationEntry, LocationTable, location_table
from sessions_app.pages.summary import Summary, summary
from sessions_app.pages.uptime_strip import Strip, strip

UPTIME_ROWS = 10
# The picture of the messages, in units of its own: two bars a day.
DAY_WIDTH, BAR_WIDTH, CHART_HEIGHT = 28, 10, 150
_SEEN = 2  # the least height of a bar that stands for anything at all


@dataclass(frozen=True)
class Bars:
    """A day of the chart: its numbers, and where its two bars stand."""

    day: Traffic
    x_out: int
    x_in: int
    out_height: int
    in_height: int

    @property
    def out_y(self) -> int:
        return CHART_HEIGHT - self.out_height

    @property
    def in_y(self) -> int:
        return CHART_HEIGHT - self.in_height


@dataclass(frozen=True)
class Chart:
    """Messages by day, oldest first, with their sums."""

    bars: list[Bars]
    went_out: int
    came_in: int
    width: int
    height: int = CHART_HEIGHT


@dataclass(frozen=True)
class NumberUptime:
    """A number's last ninety days."""

    session_id: UUID
    name: str
    phone_number: str
    strip: Strip


class Overview(Summary):
    """All that the overview shows to one person."""

    uptime: list[NumberUptime]
    uptime_page: Page[LocationEntry]


def overview(principal: Principal, uptime_page: str) -> Overview:
    """Of all that ``principal`` may see; ``uptime_page`` as it stands in the address."""
    everything = location_table(principal)
    page = Paginator(_by_need(everything), UPTIME_ROWS).get_page(uptime_page[:9])
    return {
        **summary(principal, everything),
        "uptime": _steadiness(list(page.object_list)),
        "uptime_page": page,
    }


def chart(days: Sequence[Traffic]) -> Chart:
    """``days`` as a picture; the highest bar fills it."""
    most = max([1, *(max(day.went_out, day.came_in) for day in days)])
    bars = [
        Bars(
            day,
            x_out=place * DAY_WIDTH + 3,
            x_in=place * DAY_WIDTH + 4 + BAR_WIDTH,
            out_height=_height(day.went_out, most),
            in_height=_height(day.came_in, most),
        )
        for place, day in enumerate(days)
    ]
    went_out, came_in = sum(d.went_out for d in days), sum(d.came_in for d in days)
    return Chart(bars, went_out, came_in, width=len(days) * DAY_WIDTH)


def _height(count: int, most: int) -> int:
    return max(_SEEN, round(CHART_HEIGHT * count / most)) if count else 0


def _by_need(everything: LocationTable) -> list[LocationEntry]:
    """The numbers, those that wait for somebody first."""
    with_number = [entry for entry in everything.entries if entry.shown]
    return sorted(with_number, key=lambda e: not (e.shown and show.needs_action(e.shown)))


def _steadiness(entries: Sequence[LocationEntry]) -> list[NumberUptime]:
    days = uptimes([entry.location_id for entry in entries])
    return [
        NumberUptime(
            entry.columns.id, entry.name, entry.columns.phone_number, strip(days[entry.location_id])
        )
        for entry in entries
        if entry.columns
    ]
