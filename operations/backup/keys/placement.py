"""Put the WhatsApp keys of a backup into place together with the transaction of the rows.

All keys are unpacked to a temporary folder and checked first. They are moved into place last
before the commit, and moved back if it fails. A kill between the moves and the commit leaves the
old rows and unreferenced key files. A marker file in the folder lists them, so that the next
restore can delete them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from operations.backup.archive import ArchiveReader
from operations.backup.errors import BackupRefused
from operations.backup.keys.export import DATABASE, FILES, SHARED, key_entry_name, store_kind
from operations.backup.keys.folder import (
    Moves,
    move_into_place,
    temporary_folder,
    undo_moves,
    unpack_key_file,
)
from operations.backup.progress import ReportProgress
from sessions_app.cleanup.key_files import StoreState, key_files, store_state
from sessions_app.engine.keys.sqlite_reader import files_of
from sessions_app.store.gateway_settings import gateway_settings

MARKER = "restoring.mark"


def check_store(kind: str) -> None:
    """Raise BackupRefused when keys from a store of this ``kind`` cannot be restored into ours.
    From files to a database works; the reverse would need tables that only the library creates."""
    if kind == DATABASE and store_kind() == FILES:
        raise BackupRefused(
            "The keys in this backup were kept in PostgreSQL, but WHATSAPP_AUTH_STORE is files. "
            "Set it to a PostgreSQL URL, then restore the backup."
        )


def check_no_keys() -> None:
    """Raise BackupRefused when the folder contains key files that no interrupted restore left
    there: they may be newer than those of any backup."""
    folder = gateway_settings().keys_dir
    _delete_leftovers(folder)
    stores = [file for file in key_files(folder) if file.is_store]
    if stores:
        raise BackupRefused(
            f"{folder} contains the keys of {len(stores)} numbers, which may be newer than the "
            "backup's: move that folder away first, or choose another DATA_DIR."
        )


def has_keys(session: str, jid: str) -> bool:
    """Return whether the keys of ``session`` are in place and readable."""
    gateway = gateway_settings()
    if store_kind() == FILES:
        return store_state(Path(gateway.store_of(session)), busy=False) is StoreState.LINKED
    from sessions_app.cleanup.key_database import stored_addresses

    return jid in stored_addresses(gateway.auth_store)


def _delete_leftovers(folder: Path) -> None:
    """Delete the key files that a killed restore left in ``folder``."""
    marker = folder / MARKER
    if marker.exists():
        for name in marker.read_text().split():
            for file in files_of(folder / name):
                file.unlink(missing_ok=True)
        marker.unlink()


class KeyPlacement:
    """Places the keys of ``sessions`` (id → device). A ``whole`` restore writes the marker file."""

    def __init__(
        self,
        archive: ArchiveReader,
        sessions: Mapping[str, str],
        report: ReportProgress,
        *,
        whole: bool = False,
    ) -> None:
        self._kind = str(archive.manifest["key_store"])
        check_store(self._kind)
        self._archive, self._sessions, self._report = archive, sessions, report
        self._moves: Moves = []
        self._folder, self._whole = gateway_settings().keys_dir, whole

    @contextmanager
    def around_transaction(self) -> Iterator[None]:
        """Wrap the transaction of the rows, and undo all moves if it fails. Files are unpacked
        before the transaction begins, because on SQLite it blocks all other writers. Raises
        BackupRefused."""
        try:
            with temporary_folder(Path(settings.DATA_DIR)) as self._staged:
                if store_kind() == FILES:
                    for session, jid in self._with_progress():
                        self._unpack(session, jid)
                try:
                    yield
                except BaseException:
                    undo_moves(self._moves)
                    raise
        finally:
            if self._whole:
                (self._folder / MARKER).unlink(missing_ok=True)

    @contextmanager
    def within_transaction(self) -> Iterator[None]:
        """Wrap the writing of the rows within the transaction, and put the keys into place at the
        end. Raises BackupRefused."""
        with self._in_files() if store_kind() == FILES else self._in_database():
            yield

    @contextmanager
    def _in_files(self) -> Iterator[None]:
        yield
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._whole:
            names = "\n".join(f"{session}.sqlite3" for session in self._sessions)
            (self._folder / MARKER).write_text(names)
        move_into_place(self._staged, self._folder, self._moves)

    @contextmanager
    def _in_database(self) -> Iterator[None]:
        from operations.backup.keys import database  # loads the driver, which files do not need

        with database.connect(gateway_settings().auth_store, to_read=False) as keys:
            tables = database.find_tables(keys)
            database.check_tables(tables)
            database.write_shared_rows(keys, tables, self._archive.rows(SHARED))
            for session, jid in self._with_progress():
                if self._kind == FILES:
                    file = self._unpack(session, jid)
                    rows = database.key_file_rows(keys, tables, file)
                else:
                    rows = self._archive.rows(key_entry_name(session, DATABASE))
                database.write_device(keys, tables, jid, rows)
            yield

    def _unpack(self, session: str, jid: str) -> Path:
        file = self._staged / f"{session}.sqlite3"
        unpack_key_file(self._archive.blocks(key_entry_name(session, FILES)), jid, file)
        return file

    def _with_progress(self) -> Iterator[tuple[str, str]]:
        for number, pair in enumerate(self._sessions.items(), 1):
            yield pair
            self._report("sessions", number, len(self._sessions))
