"""What reached an engine and is not yet in the ledger.

Each message and receipt is appended to a file before it goes to the gateway, and forgotten once
the gateway says that it is stored. After a kill of engine, gateway or both, the next start of
the same session tells the left-over entries again; the ledger takes each only once. The file is
not synced to the disk: it has to outlive processes, not a power cut.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

COMPACT_BYTES = 256 * 1024

Entry = dict[str, Any]


def read(content: bytes) -> dict[str, Entry]:
    """The entries in a journal's ``content`` by key, in order. A torn last line, as a kill can
    leave one, and lines that are no entries are passed over."""
    entries: dict[str, Entry] = {}
    for line in content.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("key"), str):
            entries[entry["key"]] = entry
    return entries


def write(entries: Iterable[Entry]) -> bytes:
    """``entries`` as a journal's content."""
    return b"".join(json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in entries)


class Journal:
    """One session's journal at ``path``; may be used from any thread.

    A journal belongs to one run at a time: once closed it leaves the file to the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._waiting: dict[str, Entry] = {}
        self._size = 0
        self._torn = False
        self._closed = False

    def open(self) -> list[Entry]:
        """Take over the file; the entries that an earlier run left, oldest first."""
        with self._lock:
            try:
                content = self._path.read_bytes()
            except FileNotFoundError:
                content = b""
            self._waiting = read(content)
            self._size = len(content)
            self._torn = bool(content) and not content.endswith(b"\n")
            return list(self._waiting.values())

    def append(self, event: Mapping[str, Any]) -> Entry:
        """Write ``event`` down; it comes back with its unique ``key``. An event that cannot be
        written (a full disk) comes back all the same: telling it comes first."""
        entry: Entry = {**event, "key": secrets.token_hex(12)}
        with self._lock:
            self._waiting[entry["key"]] = entry
            line = (b"\n" if self._torn else b"") + write([entry])
            self._torn = not self._write(line, os.O_APPEND)
            self._size += len(line)
        return entry

    def forget(self, keys: Iterable[str]) -> None:
        """These entries are in the ledger."""
        with self._lock:
            for key in keys:
                self._waiting.pop(key, None)
            if self._closed or not self._size:
                return
            if not self._waiting:
                self._write(b"", os.O_TRUNC)
                self._size = 0
            elif self._size > COMPACT_BYTES:
                self._compact()

    def close(self) -> None:
        """Leave the file alone from now on."""
        with self._lock:
            self._closed = True

    def _compact(self) -> None:
        content = write(self._waiting.values())
        if len(content) * 2 > self._size:
            return
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.replace(self._path)
        self._size = len(content)

    def _write(self, content: bytes, how: int) -> bool:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
            try:
                return os.write(fd, content) == len(content)
            finally:
                os.close(fd)
        except OSError:
            return False
