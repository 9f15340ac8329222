"""The overview: the status of all numbers, their messages by day, and their uptime."""

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
# The chart of messages, in SVG units, with two bars per day.
DAY_WIDTH, BAR_WIDTH, CHART_HEIGHT = 28, 10, 150
_MIN_HEIGHT = 2  # of a bar that is not zero


@dataclass(frozen=True)
class Bars:
    """A day of the chart: its counts, and the positions of its two bars."""

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
    """Messages by day, oldest first, with their totals."""

    bars: list[Bars]
    went_out: int
    came_in: int
    width: int
    height: int = CHART_HEIGHT


@dataclass(frozen=True)
class NumberUptime:
    """A number and its uptime of the last ninety days."""

    session_id: UUID
    name: str
    phone_number: str
    strip: Strip


class Overview(Summary):
    """The content of the overview for one user."""

    uptime: list[NumberUptime]
    uptime_page: Page[LocationEntry]


def overview(principal: Principal, uptime_page: str) -> Overview:
    """Return the overview for ``principal``. ``uptime_page`` is the page number from the URL."""
    table = location_table(principal)
    page = Paginator(_by_need(table), UPTIME_ROWS).get_page(uptime_page[:9])
    return {
        **summary(principal, table),
        "uptime": _uptime(list(page.object_list)),
        "uptime_page": page,
    }


def chart(days: Sequence[Traffic]) -> Chart:
    """Return the chart of ``days``. The highest bar has its full height."""
    most = max([1, *(max(day.went_out, day.came_in) for day in days)])
    bars = [
        Bars(
            day,
            x_out=index * DAY_WIDTH + 3,
            x_in=index * DAY_WIDTH + 4 + BAR_WIDTH,
            out_height=_height(day.went_out, most),
            in_height=_height(day.came_in, most),
        )
        for index, day in enumerate(days)
    ]
    went_out, came_in = sum(d.went_out for d in days), sum(d.came_in for d in days)
    return Chart(bars, went_out, came_in, width=len(days) * DAY_WIDTH)


def _height(count: int, most: int) -> int:
    return max(_MIN_HEIGHT, round(CHART_HEIGHT * count / most)) if count else 0


def _by_need(table: LocationTable) -> list[LocationEntry]:
    """Return the numbers, those that need action first."""
    with_number = [entry for entry in table.entries if entry.shown]
    return sorted(with_number, key=lambda e: not (e.shown and show.needs_action(e.shown)))


def _uptime(entries: Sequence[LocationEntry]) -> list[NumberUptime]:
    days = uptimes([entry.location_id for entry in entries])
    return [
        NumberUptime(
            entry.columns.id, entry.name, entry.columns.phone_number, strip(days[entry.location_id])
        )
        for entry in entries
        if entry.columns
    ]
