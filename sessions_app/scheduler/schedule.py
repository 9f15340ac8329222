"""When a job is due next. Pure: times and chances go in.

A job has a rhythm: points that lie ``every`` apart. A run that comes late, because it failed or
because nothing ran, does not move them, so there is no drift; points that were missed are made
up for by one run. A job that fails is tried again soon, and goes back to its rhythm when that
does not help.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# A start has better things to do than to tidy up, and several jobs should not begin as one.
FIRST_AFTER, FIRST_SPREAD = timedelta(minutes=1), timedelta(minutes=4)
LATE_AFTER = timedelta(minutes=1)  # a job with a short interval waits for the next poll
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_RETRY_SPREAD = 0.1  # of the wait


@dataclass(frozen=True)
class Plan:
    """``planned_at``: the point of the rhythm that the next run is for; ``due_at``: when that
    run may begin, which is later while it is tried again."""

    planned_at: datetime
    due_at: datetime


def first(now: datetime, chance: float, every: timedelta = timedelta.max) -> Plan:
    """Of a job that has never run; ``chance`` is from 0 to 1."""
    at = now + min(FIRST_AFTER + chance * FIRST_SPREAD, every)
    return Plan(at, at)


def after_success(
    planned_at: datetime, started_at: datetime, ended_at: datetime, every: timedelta
) -> Plan:
    """The next point of the rhythm, but none so near that two runs would share an interval:
    half of it at least lies between two starts."""
    earliest = max(started_at + every / 2, ended_at)
    points = (earliest - planned_at) // every + 1
    at = planned_at + points * every
    return Plan(at, at)


def after_failure(
    planned_at: datetime,
    started_at: datetime,
    ended_at: datetime,
    every: timedelta,
    failures: int,
    chance: float,
) -> Plan:
    """Soon again after the first ``failures`` in a row, then by the rhythm; never later than
    that. ``chance`` is from 0 to 1."""
    regular = after_success(planned_at, started_at, ended_at, every)
    if failures > len(RETRIES):
        return regular
    due = ended_at + RETRIES[failures - 1] * (1 + _RETRY_SPREAD * chance)
    return Plan(planned_at, due) if due < regular.due_at else regular


def mended(plan: Plan, now: datetime, every: timedelta) -> Plan:
    """``plan``, unless it lies further ahead than any can: the clock was set back, or the job
    comes round more often than it did. Then one interval is waited for from now."""
    furthest = now + 1.5 * every + FIRST_AFTER + FIRST_SPREAD
    if plan.due_at <= furthest:
        return plan
    return Plan(now + every, now + every)


def is_overdue(due_at: datetime, now: datetime, every: timedelta) -> bool:
    """Return whether a run is late by more than a whole interval, and by more than a minute."""
    return now - due_at > max(every, LATE_AFTER)
