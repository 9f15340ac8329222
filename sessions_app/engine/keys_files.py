"""Keys in one SQLite file a session: folder 0700, file 0600."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sessions_app.engine.failures import StartRefused
from sessions_app.engine.protocol import StartFailure

BUSY_SECONDS = 5.0
MIN_FREE_BYTES = 1024 * 1024
CHUNK = 500  # SQLite limits the number of parameters

_DEVICES = "SELECT jid FROM whatsmeow_device"
_SENT = "SELECT message_id, lower(hex(key)) FROM whatsmeow_message_secrets WHERE key IN (%s)"
_NUMBER = "SELECT pn FROM whatsmeow_lid_map WHERE lid = ?"
_MISSING = StartRefused(StartFailure.KEYS_MISSING, "The key store does not hold this number.")
_DAMAGED = StartRefused(StartFailure.KEYS_DAMAGED, "The key store cannot be read.")
_FULL = StartRefused(StartFailure.STORAGE_FULL, "The disk is full.")


class FileKeys:
    """The keys in the SQLite file ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """Percent-encoded: the library makes a ``file:`` URL of it."""
        return quote(str(self._path))

    def prepare(self, jid: str | None) -> None:
        """See ``Keys``. To pair anew, what an earlier pairing left is removed; a file that
        cannot be read is set aside, for it may be all that is left of somebody's keys."""
        self._room()
        if jid is None:
            self._clear()
        elif jid not in self._devices():
            raise _MISSING
        if self._path.exists():
            self._path.chmod(0o600)

    def _room(self) -> None:
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
        if not self._path.exists():
            return
        try:
            self._read(_DEVICES)
        except StartRefused:
            self._path.replace(f"{self._path}.damaged-{int(time.time())}")
        self.remove()

    def _devices(self) -> set[str]:
        if not self._path.exists():
            raise _MISSING
        return {row[0] for row in self._read(_DEVICES)}

    def find_sent(self, secrets: Sequence[str]) -> dict[str, str]:
        """See ``Keys``."""
        found: dict[str, str] = {}
        if not self._path.exists():
            return found
        for start in range(0, len(secrets), CHUNK):
            chunk = [bytes.fromhex(secret) for secret in secrets[start : start + CHUNK]]
            marks = ",".join("?" * len(chunk))
            found |= {key: whatsapp_id for whatsapp_id, key in self._read(_SENT % marks, chunk)}
        return found

    def number_of(self, hidden: str) -> str:
        """See ``Keys``."""
        return next((f"+{row[0]}" for row in self._read(_NUMBER, [hidden])), "")

    def _read(self, query: str, values: Sequence[bytes | str] = ()) -> list[tuple[str, ...]]:
        """Read-only if possible; a file that a kill left in the middle of a transaction has to
        be rolled back first, which needs the right to write."""
        try:
            return self._query("ro", query, values)
        except sqlite3.OperationalError:
            pass
        except sqlite3.DatabaseError:
            raise _DAMAGED from None
        try:
            return self._query("rw", query, values)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise (_FULL if "full" in str(error) else _DAMAGED) from None
        except sqlite3.DatabaseError:
            raise _DAMAGED from None

    def _query(self, mode: str, query: str, values: Sequence[bytes | str]) -> list[tuple[str, ...]]:
        url = f"file:{self.name}?mode={mode}"
        with closing(sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS)) as connection:
            return connection.execute(query, values).fetchall()

    def remove(self) -> None:
        """See ``Keys``."""
        for path in (
            self._path,
            Path(f"{self._path}-journal"),
            Path(f"{self._path}-wal"),
            Path(f"{self._path}-shm"),
        ):
            path.unlink(missing_ok=True)
