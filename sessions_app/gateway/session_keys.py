"""The files with a session's WhatsApp keys and its journal."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sessions_app.engine.journal import aside_path
from sessions_app.engine.keys.sqlite_reader import files_of
from sessions_app.gateway.settings import GatewaySettings


def prepare_keys_dir(settings: GatewaySettings) -> None:
    """Create the folder, readable by us only. Raises OSError if that fails."""
    settings.keys_dir.mkdir(parents=True, exist_ok=True)
    settings.keys_dir.chmod(0o700)


def delete_keys(settings: GatewaySettings, session: UUID) -> None:
    """Delete the key files and the journal of a session that is no longer linked, and what was set
    aside from it. In a shared database, the library deletes its rows at logout."""
    journal = Path(settings.journal_of(str(session)))
    paths = [journal, aside_path(journal)]
    if settings.auth_store == "files":
        paths += files_of(Path(settings.store_of(str(session))))
    for path in paths:
        path.unlink(missing_ok=True)
