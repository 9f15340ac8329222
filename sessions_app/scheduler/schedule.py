"""When a job is due next. Pure: times and chances are arguments.

The planned runs of a job lie ``every`` apart. A run that starts late, because the previous one
failed or because no gateway ran, does not move them, so there is no drift; one run makes up for
all that were missed. A job that fails is retried soon, and returns to its planned runs if that
does not help.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.background.backoff import wait_after

# Right after a start there is more important work, and jobs should not all begin at once.
FIRST_AFTER, FIRST_SPREAD = timedelta(minutes=1), timedelta(minutes=4)
LATE_AFTER = timedelta(minutes=2)  # twice the lease, which a killed process may leave on a job
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))


@dataclass(frozen=True)
class Schedule:
    """``planned_at``: the planned run that comes next. ``due_at``: when it may begin, which is
    later while it is being retried."""

    planned_at: datetime
    due_at: datetime


def first(now: datetime, chance: float, every: timedelta = timedelta.max) -> Schedule:
    """Return the schedule of a job that has never run. ``chance`` is from 0 to 1."""
    at = now + min(FIRST_AFTER + chance * FIRST_SPREAD, every)
    return Schedule(at, at)


def after_success(
    planned_at: datetime, started_at: datetime, ended_at: datetime, every: timedelta
) -> Schedule:
    """Return the next planned run that leaves at least half an interval between two starts."""
    earliest = max(started_at + every / 2, ended_at)
    points = (earliest - planned_at) // every + 1
    at = planned_at + points * every
    return Schedule(at, at)


def after_failure(
    planned_at: datetime,
    started_at: datetime,
    ended_at: datetime,
    every: timedelta,
    failures: int,
    chance: float,
) -> Schedule:
    """Return a retry soon after the first ``failures`` in a row, and the next planned run after
    that; never later than the planned run. ``chance`` is from 0 to 1."""
    regular = after_success(planned_at, started_at, ended_at, every)
    if failures > len(RETRIES):
        return regular
    due = ended_at + wait_after(failures, RETRIES, chance)
    return Schedule(planned_at, due) if due < regular.due_at else regular


def corrected(schedule: Schedule, now: datetime, every: timedelta) -> Schedule:
    """Return ``schedule``, or one interval from now if it lies further ahead than any can: the
    clock was set back, or the interval of the job has become shorter."""
    furthest = now + 1.5 * every + FIRST_AFTER + FIRST_SPREAD
    if schedule.due_at <= furthest:
        return schedule
    return Schedule(now + every, now + every)


def is_overdue(due_at: datetime, now: datetime, every: timedelta) -> bool:
    """Return whether a run is late by more than a whole interval, and by more than two minutes."""
    return now - due_at > max(every, LATE_AFTER)
