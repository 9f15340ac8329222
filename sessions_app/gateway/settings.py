"""What the gateway is told by the installation; plain data, times in seconds."""

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
    engine_capacity: int = 100  # sessions an engine
    engine_max_starts: int = 500
    engine_max_rss_mb: int = 600
    parallel_starts: int = 8
    health_seconds: float = 30.0
    stuck_seconds: float = 30.0
    linking_engine_attempts: int = 60  # then it is thrown away: abandoned codes leak threads
    device_name: str = DEFAULT_DEVICE_NAME

    def store_of(self, session: str) -> str:
        """Where the WhatsApp keys of ``session`` live: a file each, or the shared database."""
        if self.auth_store == "files":
            return str(self.keys_dir / f"{session}.sqlite3")
        return self.auth_store

    def journal_of(self, session: str) -> str:
        return str(self.keys_dir / f"{session}.journal")

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "whatsapp"
