"""Puts WhatsApp's keys of a backup into their place, together with a transaction's commit.

All keys are written aside and looked at first. The moves into place are the last thing before
the commit, and are taken back when it fails. A kill between the two leaves the old rows, and
keys that no row names: a mark in the folder says whose they are, so that the same restore, run
again, takes them for its own remains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from operations.backup.archive import Archive
from operations.backup.errors import Refused
from operations.backup.keys import folder as key_folder
from operations.backup.keys.export import DATABASE, FILES, SHARED, Tell, entry_of, kind_of_store
from sessions_app.cleanup.key_files import StoreState, key_files, store_state
from sessions_app.engine.keys.sqlite_reader import files_of
from sessions_app.store.gateway_settings import gateway_settings

MARK = "restoring.mark"


def check_store(kind: str) -> None:
    """Raises Refused when a backup with keys from ``kind`` of store cannot be put into ours. From
    files into a database they can go; the way back would need tables that only the library
    makes."""
    if kind == DATABASE and kind_of_store() == FILES:
        raise Refused(
            "The keys in this backup were kept in a PostgreSQL, and WHATSAPP_AUTH_STORE says "
            "files. Set it to a PostgreSQL, and restore then."
        )


def check_no_keys() -> None:
    """Raises Refused when the folder holds keys that no interrupted restore left there: they may
    be newer than those of any backup."""
    folder = gateway_settings().keys_dir
    _clear_remains(folder)
    stores = [file for file in key_files(folder) if file.is_store]
    if stores:
        raise Refused(
            f"{folder} holds keys of {len(stores)} numbers, which may be newer than the backup's: "
            "move that folder away first, or choose another DATA_DIR."
        )


def has_keys(session: str, jid: str) -> bool:
    """Whether the keys of ``session`` are in their place here, and readable."""
    told = gateway_settings()
    if kind_of_store() == FILES:
        return store_state(Path(told.store_of(session)), busy=False) is StoreState.LINKED
    from sessions_app.cleanup.key_database import stored_addresses

    return jid in stored_addresses(told.auth_store)


def _clear_remains(folder: Path) -> None:
    """Delete what a whole restore that was killed left there. No row names it."""
    mark = folder / MARK
    if mark.exists():
        for name in mark.read_text().split():
            for file in files_of(folder / name):
                file.unlink(missing_ok=True)
        mark.unlink()


class Placement:
    """The keys of ``sessions`` (id → device) of a backup, on their way into their place. Those
    of a ``whole`` restore are marked on their way."""

    def __init__(
        self, archive: Archive, sessions: Mapping[str, str], tell: Tell, *, whole: bool = False
    ) -> None:
        self._kind = str(archive.manifest["key_store"])
        check_store(self._kind)
        self._archive, self._sessions, self._tell = archive, sessions, tell
        self._moves: key_folder.Moves = []
        self._folder, self._whole = gateway_settings().keys_dir, whole

    @contextmanager
    def around(self) -> Iterator[None]:
        """Stands around the transaction of the rows: when that fails, what was moved already
        goes back, and what was there before comes back. Files are unpacked before it begins: on
        SQLite everybody else waits for it. Raises Refused."""
        try:
            with key_folder.room(Path(settings.DATA_DIR)) as self._room:
                if kind_of_store() == FILES:
                    for session, jid in self._counted():
                        self._unpack(session, jid)
                try:
                    yield
                except BaseException:
                    key_folder.take_back(self._moves)
                    raise
        finally:
            if self._whole:
                (self._folder / MARK).unlink(missing_ok=True)

    @contextmanager
    def within(self) -> Iterator[None]:
        """Stands in the transaction, around the writing of the rows: at its end the keys come
        into their place. Raises Refused."""
        with self._in_files() if kind_of_store() == FILES else self._in_database():
            yield

    @contextmanager
    def _in_files(self) -> Iterator[None]:
        yield
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._whole:
            names = "\n".join(f"{session}.sqlite3" for session in self._sessions)
            (self._folder / MARK).write_text(names)
        key_folder.put(self._room, self._folder, self._moves)

    @contextmanager
    def _in_database(self) -> Iterator[None]:
        from operations.backup.keys import database  # only with PostgreSQL its driver is paid for

        with database.opened(gateway_settings().auth_store, to_read=False) as keys:
            known = database.tables(keys)
            database.check_tables(known)
            database.put_shared(keys, known, self._archive.rows(SHARED))
            for session, jid in self._counted():
                if self._kind == FILES:
                    file = self._unpack(session, jid)
                    rows = database.rows_of_file(keys, known, file)
                else:
                    rows = self._archive.rows(entry_of(session, DATABASE))
                database.put(keys, known, jid, rows)
            yield

    def _unpack(self, session: str, jid: str) -> Path:
        file = self._room / f"{session}.sqlite3"
        key_folder.unpack(self._archive.blocks(entry_of(session, FILES)), jid, file)
        return file

    def _counted(self) -> Iterator[tuple[str, str]]:
        for number, pair in enumerate(self._sessions.items(), 1):
            yield pair
            self._tell("sessions", number, len(self._sessions))
