"""What queries cost the database, in units that do not depend on the load of the machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

_STEPS = 20


def cost_of(function: Callable[[], Any]) -> int:
    """Call ``function`` and return the cost of its queries: on SQLite steps of its virtual machine,
    on PostgreSQL the blocks that its SELECTs read."""
    return _steps(function) if connection.vendor == "sqlite" else _blocks(function)


def _steps(function: Callable[[], Any]) -> int:
    ticks = 0

    def tick() -> int:
        nonlocal ticks
        ticks += 1
        return 0  # go on

    connection.ensure_connection()
    raw: Any = connection.connection
    raw.set_progress_handler(tick, _STEPS)
    try:
        function()
    finally:
        raw.set_progress_handler(None, 0)
    return ticks * _STEPS


def _blocks(function: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        function()
    selects = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    with connection.cursor() as cursor:
        return sum(_blocks_of(cursor, sql) for sql in selects)


def _blocks_of(cursor: Any, sql: str) -> int:
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
    (plan,) = cursor.fetchone()
    root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return int(root["Shared Hit Blocks"] + root["Shared Read Blocks"])


def update_statistics(*tables: str) -> None:
    """Let PostgreSQL's planner know the rows, as its autovacuum does in operation."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ANALYZE {table}")
