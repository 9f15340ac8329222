"""The gateway's settings: plain data, times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_DEVICE_NAME = "Pairline"


@dataclass(frozen=True)
class GatewaySettings:
    """See the README's settings table for the GATEWAY_* and WHATSAPP_* variables."""

    data_dir: Path
    auth_store: str = "files"  # or a PostgreSQL URL
    log_level: str = "error"
    simulator: Path | None = None
    engine_capacity: int = 100  # sessions per engine
    engine_max_starts: int = 500
    engine_max_rss_mb: int = 600
    parallel_starts: int = 8
    health_seconds: float = 30.0
    stuck_seconds: float = 30.0
    linking_engine_attempts: int = 60  # then it is replaced: abandoned codes leak threads
    device_name: str = DEFAULT_DEVICE_NAME

    def store_of(self, session: str) -> str:
        """Return the key store of ``session``: its own file, or the URL of the shared database."""
        if self.auth_store == "files":
            return str(self.keys_dir / f"{session}.sqlite3")
        return self.auth_store

    def journal_of(self, session: str) -> str:
        """Return the path of the session's journal (see ``engine/journal.py``)."""
        return str(self.keys_dir / f"{session}.journal")

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "whatsapp"
