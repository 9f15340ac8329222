"""WhatsApp's keys in files: copied while engines write to them, and restored all or none."""

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

from operations.backup.errors import BackupRefused
from sessions_app.engine.keys.sqlite_reader import files_of

_BUSY_SECONDS = 20.0
_BLOCK_BYTES = 256 * 1024
_FOLDER_PREFIX = ".copying-"
_STALE_SECONDS = 24 * 60 * 60.0
_DEVICES_QUERY = "SELECT jid FROM whatsmeow_device"


class KeysMissing(Exception):
    """The keys of a linked session are not where they should be."""


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Create a private folder in ``parent``, and delete it afterwards."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for leftover in parent.glob(f"{_FOLDER_PREFIX}*"):  # of a process that was killed
        if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(mkdtemp(prefix=_FOLDER_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_key_file(store: Path, jid: str, into: Path) -> Iterator[bytes]:
    """Yield the key file ``store`` in blocks. SQLite's backup API first copies it to the folder
    ``into``, which gives a consistent copy while an engine writes. Raises KeysMissing unless the
    file contains the device ``jid``."""
    if not store.is_file():
        raise KeysMissing
    duplicate = into / "copy.sqlite3"
    try:
        with (
            closing(_connect(store)) as source,
            closing(sqlite3.connect(duplicate)) as target,
        ):
            target.execute("PRAGMA synchronous=OFF")  # it is deleted right after it was read
            source.backup(target)
            found = {row[0] for row in target.execute(_DEVICES_QUERY)}
    except sqlite3.Error:
        raise KeysMissing from None
    if jid not in found:
        raise KeysMissing
    with duplicate.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block
    for path in files_of(duplicate):
        path.unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    """Open for writing: SQLite must recover a file whose writer was killed."""
    url = f"file:{quote(str(path))}?mode=rw"
    return sqlite3.connect(url, uri=True, timeout=_BUSY_SECONDS)


def unpack_key_file(blocks: Iterable[bytes], jid: str, path: Path) -> None:
    """Write a key file of a backup to ``path``, readable by its owner only. Raises BackupRefused
    unless it is intact and contains the device ``jid``."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    try:
        with closing(_connect(path)) as keys:
            intact = keys.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            intact = intact and (jid,) in keys.execute(_DEVICES_QUERY).fetchall()
    except sqlite3.Error:
        intact = False
    if not intact:
        raise BackupRefused(f"The keys of session {path.stem} in this backup cannot be read.")


Moves = list[tuple[Path, Path]]
"""The files that were moved: from, to."""


def move_into_place(staged: Path, folder: Path, moves: Moves) -> None:
    """Move each key file of the folder ``staged`` into ``folder``, and append each move to
    ``moves``. An existing key file is renamed, as a damaged one would be."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = int(time.time())
    for new in sorted(staged.glob("*.sqlite3")):
        target = folder / new.name
        for old in files_of(target):
            if old.exists():
                suffix = old.name[len(target.name) :]
                _move(old, Path(f"{target}.damaged-{now}{suffix}"), moves)
        _move(new, target, moves)
    _sync_folder(folder)


def undo_moves(moves: Moves) -> None:
    """Undo ``moves``, the last one first."""
    for old, new in reversed(moves):
        new.replace(old)


def _move(old: Path, new: Path, moves: Moves) -> None:
    old.replace(new)
    moves.append((old, new))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
