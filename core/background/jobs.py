"""Work that comes round by the clock: what there is of it, by name.

Apps register theirs when they are loaded; the runner beside each gateway (``job_runner.py``)
sees to it that each runs once in its time, whatever the number of gateways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from django.utils.functional import Promise


@dataclass(frozen=True)
class Job:
    """``name``: the key of its row. ``title``: for people. ``every``: from one start to the next.

    ``run`` is called in a thread of its own, with everyone's rows, and returns one sentence about
    what it did, without a secret; whatever it raises is the failure. A process may end in the
    middle of it, and then it is called again: it has to bear that."""

    name: str
    title: str | Promise
    every: timedelta
    run: Callable[[], str]


_JOBS: dict[str, Job] = {}


def register_job(job: Job) -> None:
    """Let ``job`` run; one of the same name gives way to it."""
    _JOBS[job.name] = job


def registered() -> Mapping[str, Job]:
    """All of them, by name."""
    return MappingProxyType(_JOBS)
