"""WhatsApp's keys in files: copied while engines write to them, and put back all or none."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

from operations.backup.errors import Refused
from sessions_app.engine.keys.sqlite_reader import files_of

_BUSY_SECONDS = 20.0
_PIECE_BYTES = 256 * 1024
_COPYING = ".copying-"
_OLD_SECONDS = 24 * 60 * 60.0
_DEVICES = "SELECT jid FROM whatsmeow_device"


class KeysMissing(Exception):
    """The keys of a linked session are not where they should be."""


@contextmanager
def room(beside: Path) -> Iterator[Path]:
    """A folder for copies on the disk of ``beside``, its owner's alone and gone afterwards."""
    beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in beside.glob(f"{_COPYING}*"):  # by a process that was killed
        if time.time() - left.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(mkdtemp(prefix=_COPYING, dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy(store: Path, jid: str, into: Path) -> Iterator[bytes]:
    """The key file ``store`` in pieces, as SQLite's own backup copies it by way of the folder
    ``into``: whole, whatever its engine writes meanwhile. Raises KeysMissing unless it holds the
    device ``jid``."""
    if not store.is_file():
        raise KeysMissing
    into_file = into / "copy.sqlite3"
    try:
        with (
            closing(_open(store)) as source,
            closing(sqlite3.connect(into_file)) as target,
        ):
            target.execute("PRAGMA synchronous=OFF")  # it is read at once, then thrown away
            source.backup(target)
            found = {row[0] for row in target.execute(_DEVICES)}
    except sqlite3.Error:
        raise KeysMissing from None
    if jid not in found:
        raise KeysMissing
    with into_file.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
    for file_of_it in files_of(into_file):
        file_of_it.unlink(missing_ok=True)


def _open(path: Path) -> sqlite3.Connection:
    """For writing, too: a file that a kill left in the middle is put in order first."""
    url = f"file:{quote(str(path))}?mode=rw"
    return sqlite3.connect(url, uri=True, timeout=_BUSY_SECONDS)


def unpack(blocks: Iterable[bytes], jid: str, path: Path) -> None:
    """Write a key file of a backup to ``path``, for its owner alone, and look whether it holds
    the device ``jid``. Raises Refused."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    try:
        with closing(_open(path)) as keys:
            sound = keys.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            sound = sound and (jid,) in keys.execute(_DEVICES).fetchall()
    except sqlite3.Error:
        sound = False
    if not sound:
        raise Refused(f"The keys of session {path.stem} in this backup cannot be read.")


Moves = list[tuple[Path, Path]]
"""What was moved: from where, and to where."""


def put(staged: Path, folder: Path, moves: Moves) -> None:
    """Move each key file of the folder ``staged`` into ``folder``, and note each move in
    ``moves``. What stood in its place is kept beside it, as a damaged file would be."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = int(time.time())
    for new in sorted(staged.glob("*.sqlite3")):
        place = folder / new.name
        for old in files_of(place):
            if old.exists():
                _move(old, Path(f"{place}.damaged-{now}{old.name[len(place.name) :]}"), moves)
        _move(new, place, moves)
    _sync(folder)


def take_back(moves: Moves) -> None:
    """Undo ``moves``, the last one first."""
    for old, new in reversed(moves):
        new.replace(old)


def _move(old: Path, new: Path, moves: Moves) -> None:
    old.replace(new)
    moves.append((old, new))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
