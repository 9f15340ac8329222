"""The files in the folder of WhatsApp keys: their sessions, and whether they can be read.

This module only reads. ``rules.py`` decides which files may be deleted.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from stat import S_IMODE, S_ISREG
from urllib.parse import quote
from uuid import UUID

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SQLITE = r"\.sqlite3(?:-journal|-wal|-shm)?"
_OF_SESSION = re.compile(
    rf"({_UUID})(?:{_SQLITE}|\.sqlite3\.damaged-\d+(?:-journal|-wal|-shm)?|\.journal|\.new"
    r"|\.aside(?:-new)?)"
)
_OF_TRIAL = re.compile(rf"test-[0-9a-f]{{12}}(?:{_SQLITE}|\.journal|\.aside)")
_MAGIC = b"SQLite format 3\0"
_BUSY_SECONDS = 1.0


@dataclass(frozen=True)
class KeyFile:
    """A key file. ``session`` is None if it belongs to a trial connection; ``size`` in bytes."""

    path: Path
    session: UUID | None
    size: int
    mode: int
    modified: datetime

    @property
    def is_store(self) -> bool:
        """Whether it is a session's current key store, not a journal or a damaged copy."""
        return self.session is not None and self.path.suffix == ".sqlite3"

    @property
    def is_aside(self) -> bool:
        """Whether it holds messages that could not be read or stored."""
        return self.path.suffix == ".aside"


class StoreState(StrEnum):
    LINKED = "linked"  # it holds the keys of a linked device
    EMPTY = "empty"  # it never held keys
    GARBLED = "garbled"  # it is not a database, or a damaged one
    CLOSED = "closed"  # it may not be read, or is locked by a writer
    MISSING = "missing"


def trial_name(token: str) -> str:
    """Return the base name of the files of a trial connection with ``token`` (12 hex digits)."""
    return f"test-{token}"


def key_files(folder: Path) -> list[KeyFile]:
    """Return the key files in ``folder``, sorted by name; other files are ignored. Empty if the
    folder does not exist. Raises OSError if it cannot be read."""
    if not folder.exists():
        return []
    found = (_key_file(path) for path in sorted(folder.iterdir()))
    return [file for file in found if file is not None]


def _key_file(path: Path) -> KeyFile | None:
    of_session = _OF_SESSION.fullmatch(path.name)
    if of_session is None and _OF_TRIAL.fullmatch(path.name) is None:
        return None
    try:
        stat = path.lstat()
    except FileNotFoundError:  # deleted since it was listed: the gateway uses this folder
        return None
    if not S_ISREG(stat.st_mode):
        return None
    return KeyFile(
        path,
        session=UUID(of_session[1]) if of_session else None,
        size=stat.st_size,
        mode=S_IMODE(stat.st_mode),
        modified=datetime.fromtimestamp(stat.st_mtime, UTC),
    )


def store_state(path: Path, *, busy: bool) -> StoreState:
    """Return the state of the key store at ``path``. If it is ``busy`` (a connected session writes
    to it), only its first bytes are read, because a lock could make the writer fail."""
    try:
        if busy:
            return _by_magic_bytes(path)
        return _by_query(path)
    except FileNotFoundError:
        return StoreState.MISSING
    except OSError:
        return StoreState.CLOSED


def _by_magic_bytes(path: Path) -> StoreState:
    with path.open("rb") as file:
        return StoreState.LINKED if file.read(len(_MAGIC)) == _MAGIC else StoreState.GARBLED


def _by_query(path: Path) -> StoreState:
    path.open("rb").close()
    url = f"file:{quote(str(path))}?mode=ro"
    try:
        with closing(sqlite3.connect(url, uri=True, timeout=_BUSY_SECONDS)) as store:
            if store.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return StoreState.GARBLED
            device = store.execute("SELECT 1 FROM whatsmeow_device LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        return StoreState.EMPTY if "no such table" in str(error) else StoreState.CLOSED
    except sqlite3.DatabaseError:
        return StoreState.GARBLED
    return StoreState.LINKED if device else StoreState.EMPTY
