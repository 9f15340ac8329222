"""How Django talks to its database: SQLite by default, PostgreSQL when DATABASE_URL says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config import env

# Measured: without IMMEDIATE, two writers that read first fail with "database is locked",
# whatever the timeout (SQLite does not wait on a lock upgrade).
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # seconds
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
}


def database_settings(data_dir: Path) -> dict[str, Any]:
    """``DATABASES["default"]``: from DATABASE_URL, else a SQLite file in ``data_dir``."""
    default = f"sqlite:///{data_dir / 'pairline.sqlite3'}"
    config: dict[str, Any] = env.database("DATABASE_URL", default)
    config["CONN_MAX_AGE"] = 0  # Django's advice under ASGI
    if str(config["ENGINE"]).endswith("sqlite3"):
        config["OPTIONS"] = {**_SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    else:
        given = config.get("OPTIONS", {})  # what the URL says, such as ?host= or ?sslmode=
        config["OPTIONS"] = {**given, "pool": {"min_size": 1, "max_size": 12}}
        config["CONN_HEALTH_CHECKS"] = True
    return config
