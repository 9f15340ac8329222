"""Deleting the key files and the journal of a session."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from sessions_app.gateway.session_keys import delete_keys, prepare_keys_dir
from sessions_app.gateway.settings import GatewaySettings


def test_it_deletes_only_the_files_of_that_session(tmp_path: Path) -> None:
    settings = GatewaySettings(data_dir=tmp_path)
    prepare_keys_dir(settings)
    ended, linked = uuid4(), uuid4()
    for session in (ended, linked):
        for ending in (".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".journal", ".aside"):
            (settings.keys_dir / f"{session}{ending}").touch()
    delete_keys(settings, ended)
    assert len(list(settings.keys_dir.iterdir())) == 5
    assert all(path.name.startswith(str(linked)) for path in settings.keys_dir.iterdir())


def test_it_deletes_only_the_journal_with_a_key_database(tmp_path: Path) -> None:
    settings = GatewaySettings(data_dir=tmp_path, auth_store="postgresql://localhost/keys")
    prepare_keys_dir(settings)
    journal = Path(settings.journal_of(str(session := uuid4())))
    journal.touch()
    journal.with_suffix(".aside").touch()
    delete_keys(settings, session)
    assert list(settings.keys_dir.iterdir()) == []
