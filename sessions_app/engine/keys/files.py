"""Keys in one SQLite file for each session (folder mode 0700, file mode 0600)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sessions_app.engine.errors import StartRefused
from sessions_app.engine.keys import sqlite_reader
from sessions_app.engine.protocol import StartFailure

_SQLITE_HEADER = b"SQLite format 3\0"
MIN_FREE_BYTES = 1024 * 1024

_MISSING = StartRefused(StartFailure.KEYS_MISSING, "The key store does not hold this number.")
_FULL = StartRefused(StartFailure.STORAGE_FULL, "The disk is full.")

_opened: set[Path] = set()
"""The files that the library has opened in this process. It never closes them."""


class SqliteKeys:
    """The keys in the SQLite file ``path``. ``list_devices`` is the library's function that
    returns the addresses in a store; each call leaks a file handle."""

    def __init__(self, path: Path, list_devices: Callable[[str], set[str]]) -> None:
        self._path = path
        self._list_devices = list_devices

    @property
    def name(self) -> str:
        """The path, percent-encoded, because the library builds a ``file:`` URL from it."""
        return sqlite_reader.url_path(self._path)

    def prepare(self, jid: str | None) -> None:
        """See ``Keys``. For a new pairing, delete what an earlier pairing left. Rename an
        unreadable file instead, as its keys may still be recoverable."""
        self._check_folder()
        if jid is None:
            self._clear()
            sqlite_reader.create(self._path)
        elif not self._path.exists() or jid not in self._devices():
            raise _MISSING
        if self._path not in _opened:
            sqlite_reader.checkpoint(self._path)
        self._path.chmod(0o600)
        _opened.add(self._path)

    def _check_folder(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk = os.statvfs(self._path.parent)
        except OSError as error:
            raise StartRefused(
                StartFailure.OTHER, f"The key folder cannot be used ({error.strerror})."
            ) from None
        if disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES:
            raise _FULL

    def _clear(self) -> None:
        if self._path.exists() and not self._is_readable():
            self._path.replace(f"{self._path}.damaged-{int(time.time())}")
        self.remove()

    def _is_readable(self) -> bool:
        if self._path in _opened:  # never open it with a second SQLite (see sqlite_reader)
            with self._path.open("rb") as file:
                return file.read(len(_SQLITE_HEADER)) in (_SQLITE_HEADER, b"")
        try:
            sqlite_reader.devices(self._path)
        except StartRefused:
            return False
        return True

    def _devices(self) -> set[str]:
        if self._path in _opened:
            return self._list_devices(self.name)
        return sqlite_reader.devices(self._path)

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        """See ``Keys``."""
        if not self._path.exists():
            return {}
        find = sqlite_reader.sent_in_subprocess if self._path in _opened else sqlite_reader.sent
        return find(self._path, secrets)

    def remove(self) -> None:
        """See ``Keys``. A later file with the same name counts as a new file."""
        for file in sqlite_reader.files_of(self._path):
            file.unlink(missing_ok=True)
        _opened.discard(self._path)
