"""The times that are not stored yet, without a memory of ended sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sessions_app.gateway.stored_times import StoredTimes

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=30)
ONE, OTHER = uuid4(), uuid4()


def test_it_returns_only_times_that_changed() -> None:
    times = StoredTimes()
    times.note(times.unstored({ONE: NOON, OTHER: NOON}))

    assert times.unstored({ONE: NOON, OTHER: LATER}) == {OTHER: LATER}


def test_it_returns_a_time_until_it_is_stored() -> None:
    times = StoredTimes()

    assert times.unstored({ONE: NOON}) == {ONE: NOON}
    assert times.unstored({ONE: NOON}) == {ONE: NOON}


def test_it_forgets_sessions_that_ended_while_storing() -> None:
    """Each of a thousand sessions ends between the reading of its time and the end of the write."""
    times = StoredTimes()

    for _ in range(1_000):
        times.note(times.unstored({uuid4(): NOON}))

    assert len(times) == 1
    assert times.unstored({}) == {}
    assert len(times) == 0
