"""The live part of the overview: summary, numbers that need action, counts, latest events."""

from __future__ import annotations

from typing import TypedDict

from locations.principals import Principal
from sessions_app import presentation as show
from sessions_app.pages.activity import RecentEntry, recent
from sessions_app.pages.location_table import (
    NEEDS_SHOWN,
    LocationTable,
    LocationTableRow,
    location_table,
)


class Summary(TypedDict):
    """The part of the overview that updates itself."""

    answer: str
    needs: list[LocationTableRow]
    needs_more: int
    counts: list[show.Chip]
    recent: list[RecentEntry]
    locations: int
    sessions: int
    may_write: bool


def summary(principal: Principal, table: LocationTable | None = None) -> Summary:
    """Return the summary of all that ``principal`` may see. ``table`` saves reading it again."""
    table = table or location_table(principal)
    needing = table.needing_action()
    return {
        "answer": table.answer(),
        "needs": table.rows(needing[:NEEDS_SHOWN]),
        "needs_more": max(0, len(needing) - NEEDS_SHOWN),
        "counts": table.chips(),
        "recent": recent(principal),
        "locations": len(table.entries),
        "sessions": sum(entry.columns is not None for entry in table.entries),
        "may_write": table.writable,
    }
