"""Database settings: SQLite by default, PostgreSQL if DATABASE_URL names one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config import env

# Measured: without IMMEDIATE, two transactions that read before they write fail with "database is
# locked" regardless of the timeout (SQLite does not wait for a lock upgrade).
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # seconds
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}
WEB_CONNECTIONS = 12  # on PostgreSQL, for the requests of a process


def database_settings(data_dir: Path) -> dict[str, Any]:
    """Return ``DATABASES["default"]`` from DATABASE_URL, or for a SQLite file in ``data_dir``."""
    default = f"sqlite:///{data_dir / 'pairline.sqlite3'}"
    config: dict[str, Any] = env.database("DATABASE_URL", default)
    config["CONN_MAX_AGE"] = 0  # Django recommends this under ASGI
    if str(config["ENGINE"]).endswith("sqlite3"):
        config["OPTIONS"] = {**_SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    else:
        given = config.get("OPTIONS", {})  # from the URL, such as ?host= or ?sslmode=
        # For requests only: the gateway, the workers and the jobs have connections of their own
        # (core/data/direct_connection.py).
        config["OPTIONS"] = {**given, "pool": {"min_size": 1, "max_size": WEB_CONNECTIONS}}
        config["CONN_HEALTH_CHECKS"] = True
    return config
