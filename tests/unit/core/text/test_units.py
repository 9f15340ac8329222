"""Ages and sizes as operators type and read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.text.units import NotAnAge, parse_age, plural, size


@pytest.mark.parametrize(
    ("typed", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        (" 2H ", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("0s", timedelta(0)),
    ],
)
def test_it_reads_an_age_with_a_unit(typed: str, age: timedelta) -> None:
    assert parse_age(typed) == age


@pytest.mark.parametrize("typed", ["", "10", "s", "-1h", "1.5h", "1h30m", "3x", "٣m", "3651d"])
def test_it_refuses_anything_else_with_examples(typed: str) -> None:
    with pytest.raises(NotAnAge, match="90s, 15m, 2h or 1d"):
        parse_age(typed)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (140_000, "140 kB"),
        (1_200_000, "1.2 MB"),
        (84_000_000_000, "84 GB"),
    ],
)
def test_it_prints_a_size_with_a_readable_unit(count: int, text: str) -> None:
    assert size(count) == text


def test_it_writes_one_thing_without_a_plural() -> None:
    assert (plural(1, "file"), plural(0, "file"), plural(2, "file")) == (
        "1 file",
        "0 files",
        "2 files",
    )
