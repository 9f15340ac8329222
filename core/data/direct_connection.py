"""Database connections of a thread's own, outside the pool of the process.

On PostgreSQL, requests share a pool (``config/databases.py``). Background threads have a connection
each instead: requests that hold the whole pool delay neither the gateway nor the jobs, and the
other way round. On SQLite each thread has its own connection anyway.
"""

from __future__ import annotations

from django.db import connections


def use_direct_connection() -> None:
    """Connect the current thread to the database directly. Call it before its first query."""
    for connection in connections.all():
        settings = connection.settings_dict
        options = settings.get("OPTIONS", {})
        if "pool" in options:
            direct = {name: value for name, value in options.items() if name != "pool"}
            connection.settings_dict = {**settings, "OPTIONS": direct}
