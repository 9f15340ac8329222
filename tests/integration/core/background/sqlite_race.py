"""Threads that claim the same rows of a SQLite file: ``python -m
tests.integration.core.background.sqlite_race COUNT``, with DATABASE_URL naming the file.

Prints ``<row> <owner> <fencing epoch>`` for each claim. The tests' own SQLite is in memory, where
threads cannot wait for each other.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import django

THREADS = 4


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    _make_rows(int(sys.argv[1]))
    barrier = Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as threads:
        claims = [threads.submit(_claim_all, f"owner-{n}", barrier) for n in range(THREADS)]
        for claimed in claims:
            sys.stdout.writelines(f"{line}\n" for line in claimed.result())


def _make_rows(count: int) -> None:
    from django.db import connection
    from django.utils import timezone

    from sessions_app.models import ScheduledJob

    with connection.schema_editor() as editor:
        editor.create_model(ScheduledJob)
    now = timezone.now()
    ScheduledJob.objects.bulk_create(
        ScheduledJob(name=f"job-{n}", planned_at=now, due_at=now) for n in range(count)
    )


def _claim_all(owner: str, barrier: Barrier) -> list[str]:
    from django.db import connection

    from sessions_app.scheduler.queue import JOBS

    found: list[str] = []
    barrier.wait()
    try:
        while claimed := JOBS.claim(2, owner=owner):
            found += [f"{row.name} {row.lease_owner} {row.lease_epoch}" for row in claimed]
    finally:
        connection.close()
    return found


if __name__ == "__main__":
    main()
