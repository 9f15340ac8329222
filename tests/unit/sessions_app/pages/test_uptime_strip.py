"""Days as a picture, and the same in words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sessions_app.pages.uptime import UptimeDay
from sessions_app.pages.uptime_strip import strip

FIRST = date(2026, 5, 1)


def days(*shares: float | None) -> list[UptimeDay]:
    return [
        UptimeDay(FIRST + timedelta(days=place), (share or 0) * 100, 0 if share is None else 100)
        for place, share in enumerate(shares)
    ]


def test_it_draws_each_kind_of_day_differently() -> None:
    drawn = strip(days(None, 1, 0.99, 0.2))

    assert drawn.empty == "M0 22h3v2h-3z"
    assert drawn.whole == "M4 0h3v24h-3z"
    assert [(cell.x, cell.height, cell.tone) for cell in drawn.cells] == [
        ("8", "16", "mostly"),
        ("12", "8", "down"),
    ]
    assert (drawn.width, drawn.height) == (15, 24)


def test_it_labels_a_cell_with_day_and_share() -> None:
    assert strip(days(0.2)).cells[0].title == "1 May: 20 %"


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([None], "Not linked long enough to count."),
        ([1.0], "Ready 100 % of one day. No interruption."),
        ([None, 1.0, 1.0], "Ready 100 % of 2 days. No interruption."),
        ([1.0, 0.5], "Ready 75 % of 2 days. One day with an interruption: 2 May 50 %."),
        (
            [0.9, 0.5],
            "Ready 70 % of 2 days. 2 days with interruptions, the worst: 2 May 50 %, 1 May 90 %.",
        ),
    ],
)
def test_it_says_in_words_what_it_shows(shares: list[float | None], words: str) -> None:
    assert strip(days(*shares)).words == words


def test_it_draws_small_strips_without_interruptions() -> None:
    drawn = strip(days(*[1.0] * 90))

    assert len(drawn.whole) < 1_600
    assert drawn.cells == []
