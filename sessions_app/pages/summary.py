"""The first answer to "is my number up?": one sentence, who waits, how many, what happened."""

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
    """The part of the overview that follows the numbers by itself."""

    answer: str
    needs: list[LocationTableRow]
    needs_more: int
    counts: list[show.Chip]
    recent: list[RecentEntry]
    locations: int
    sessions: int
    may_write: bool


def summary(principal: Principal, everything: LocationTable | None = None) -> Summary:
    """Of all that ``principal`` may see; ``everything`` when it has been read already."""
    everything = everything or location_table(principal)
    needing = everything.needing()
    return {
        "answer": everything.answer(),
        "needs": everything.rows(needing[:NEEDS_SHOWN]),
        "needs_more": max(0, len(needing) - NEEDS_SHOWN),
        "counts": everything.chips(),
        "recent": recent(principal),
        "locations": len(everything.entries),
        "sessions": sum(entry.columns is not None for entry in everything.entries),
        "may_write": everything.writable,
    }
