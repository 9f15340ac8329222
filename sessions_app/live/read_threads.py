"""The threads in which live pages read the database.

Requests have threads of their own, and checks of access have one that no slow page delays.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from channels.db import DatabaseSyncToAsync
from django.db import connection

from core import tenancy

Result = TypeVar("Result")
PAGE_THREADS = 4  # of 12 connections to PostgreSQL
_PAGES = ThreadPoolExecutor(PAGE_THREADS, thread_name_prefix="live-page")
_CHECKS = ThreadPoolExecutor(1, thread_name_prefix="live-check")


async def read_page(function: Callable[[], Result]) -> Result:
    """Return the result of ``function``, which reads a page. Several run in parallel. It starts
    without a tenant scope, and its connection is closed afterwards."""
    return await _run(function, _PAGES)


async def read_access(function: Callable[[], Result]) -> Result:
    """Like ``read_page``, for short checks of many viewers at once. They run one by one."""
    return await _run(function, _CHECKS)


async def _run(function: Callable[[], Result], pool: ThreadPoolExecutor) -> Result:
    def scoped() -> Result:
        with tenancy.no_one():
            return function()

    # Tables of SQLite in memory are locked while another thread writes; only tests use it.
    alone = connection.vendor == "sqlite" and cast("Any", connection).is_in_memory_db()
    where: dict[str, Any] = {"executor": None if alone else pool}
    call: Any = DatabaseSyncToAsync(scoped, thread_sensitive=alone, **where)
    result: Result = await call()
    return result
