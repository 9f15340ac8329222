"""Two transactions at once, each interleaving forced by a lock that one of them holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from core import tenancy

only_on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite writes one transaction at a time"
)


def meet(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """``second`` comes while ``first`` has done its work but not committed; its result."""
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            first()
            future = threads.submit(on_its_own_connection, second)
            _wait_until(lambda: future.done() or _somebody_waits_for_us())
        return future.result(timeout=30)


def on_its_own_connection(act: Callable[[], Any]) -> Any:
    """What ``act`` gives, in a thread that a test starts; the connection is closed after it."""
    try:
        with tenancy.everyone():  # a new thread starts without a tenant scope
            return act()
    finally:
        connection.close()


def _somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "neither done nor at a lock"
        time.sleep(0.005)
