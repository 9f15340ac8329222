"""The registry of scheduled jobs: work that is done at regular intervals.

Apps register their jobs when they are loaded. ``sessions_app/scheduler/worker.py``, beside each
gateway, runs each job once per interval, whatever the number of gateways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from django.utils.functional import Promise


@dataclass(frozen=True)
class Job:
    """A scheduled job. ``name``: the key of its row. ``title``: for operators. ``every``: from one
    start to the next.

    ``run`` is called in a thread of its own, may see the rows of all accounts, and returns one
    sentence about what it did, without secrets. Any exception is a failure. The process may end
    while it runs, and it is called again then: repeating it must be harmless.
    """

    name: str
    title: str | Promise
    every: timedelta
    run: Callable[[], str]


_JOBS: dict[str, Job] = {}


def register_job(job: Job) -> None:
    """Register ``job``, in place of one with the same name."""
    _JOBS[job.name] = job


def registered() -> Mapping[str, Job]:
    """Return all jobs by name."""
    return MappingProxyType(_JOBS)
