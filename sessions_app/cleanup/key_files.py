"""What lies in the folder of WhatsApp's keys: which file belongs to which session, and whether
it can be read. Looks only; what may go is decided in ``leftovers.py``."""

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
    rf"({_UUID})(?:{_SQLITE}|\.sqlite3\.damaged-\d+(?:-journal|-wal|-shm)?|\.journal|\.new)"
)
_OF_TRIAL = re.compile(rf"test-[0-9a-f]{{12}}(?:{_SQLITE}|\.journal)")
_MAGIC = b"SQLite format 3\0"
_BUSY_SECONDS = 1.0


@dataclass(frozen=True)
class KeyFile:
    """A file of ours. ``session`` is None for what a trial connection left; ``size`` in bytes."""

    path: Path
    session: UUID | None
    size: int
    mode: int
    modified: datetime

    @property
    def is_store(self) -> bool:
        """Whether it is a session's present key store, not a remainder or a journal."""
        return self.session is not None and self.path.suffix == ".sqlite3"


class StoreState(StrEnum):
    LINKED = "linked"  # it holds the keys of a linked device
    EMPTY = "empty"  # nothing was ever linked in it
    GARBLED = "garbled"  # it is not, or no more, a database
    CLOSED = "closed"  # it may not be read, or somebody is writing just now
    MISSING = "missing"


def trial_name(token: str) -> str:
    """What a trial connection with ``token`` (12 hex digits) calls its files."""
    return f"test-{token}"


def key_files(folder: Path) -> list[KeyFile]:
    """The files in ``folder`` with names of our making, in order; others are passed over.
    Empty when there is no such folder. Raises OSError when it cannot be read."""
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
    except FileNotFoundError:  # gone since it was listed: the gateway works in this folder
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
    """What the key store at ``path`` is good for. Of one that is ``busy`` (a connected session
    writes to it) only the first bytes are read: a lock of ours could make its writer fail."""
    try:
        if busy:
            return _by_its_first_bytes(path)
        return _by_asking(path)
    except FileNotFoundError:
        return StoreState.MISSING
    except OSError:
        return StoreState.CLOSED


def _by_its_first_bytes(path: Path) -> StoreState:
    with path.open("rb") as file:
        return StoreState.LINKED if file.read(len(_MAGIC)) == _MAGIC else StoreState.GARBLED


def _by_asking(path: Path) -> StoreState:
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
