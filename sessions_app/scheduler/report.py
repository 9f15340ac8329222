"""The status of the scheduled jobs as a table for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.text.units import duration
from sessions_app.scheduler.status import JobStatus


def lines(jobs: Sequence[JobStatus]) -> list[str]:
    """Return one line per job: its name, its interval, its next run and its last result."""
    if not jobs:
        return ["No gateway has run yet: the first one creates the scheduled jobs."]
    table = [("job", "every", "next", "last"), *(_row(job) for job in jobs)]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    return [_line(row, widths) for row in table]


def _row(job: JobStatus) -> tuple[str, str, str, str]:
    every = duration(job.every.total_seconds())
    return job.name, every, job.next_run, " · ".join(_last(job))


def _last(job: JobStatus) -> Iterator[str]:
    yield job.last_run
    if job.trouble:
        yield job.trouble
    elif job.last_result:
        yield job.last_result if job.last_ok else f"failed: {job.last_result}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*cells, row[-1]])
