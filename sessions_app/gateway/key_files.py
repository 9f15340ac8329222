"""The files in which WhatsApp's keys and the engine's journal of a session live."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sessions_app.engine.keys.sqlite_reader import files_of
from sessions_app.gateway.settings import GatewaySettings


def prepare_keys_dir(settings: GatewaySettings) -> None:
    """Make the folder, for our eyes only. Raises OSError when it cannot be made."""
    settings.keys_dir.mkdir(parents=True, exist_ok=True)
    settings.keys_dir.chmod(0o700)


def delete_keys(settings: GatewaySettings, session: UUID) -> None:
    """Delete the key files of a session that is not linked any more, and its journal. With a
    shared database the library has deleted its own rows at logout."""
    paths = [Path(settings.journal_of(str(session)))]
    if settings.auth_store == "files":
        paths += files_of(Path(settings.store_of(str(session))))
    for path in paths:
        path.unlink(missing_ok=True)
