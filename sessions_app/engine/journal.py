"""The messages and receipts that have reached an engine and are not in the ledger yet.

Each one is appended to a file before it goes to the gateway, and removed once the gateway reports
that it is stored. If engine, gateway or both are killed in between, the next start of the session
sends the remaining ones again; the ledger stores each only once. The file is not synced to
disk: it has to survive processes, not power cuts.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sessions_app.engine.engine_events import JournaledEvent
from sessions_app.engine.protocol import ProtocolError

COMPACT_BYTES = 256 * 1024


def read(content: bytes) -> dict[str, JournaledEvent]:
    """Return the events in a journal's ``content`` by key, in order. Skips a torn last line, which
    a kill can leave behind, and lines that are not events."""
    events: dict[str, JournaledEvent] = {}
    for line in content.splitlines():
        try:
            entry = json.loads(line)
            event = JournaledEvent.from_wire(entry if isinstance(entry, dict) else {})
        except (ValueError, ProtocolError):
            continue
        if event.key:
            events[event.key] = event
    return events


def write(events: Iterable[JournaledEvent]) -> bytes:
    """Return ``events`` as a journal's content, one JSON object a line."""
    return b"".join(
        json.dumps(event.to_wire(), separators=(",", ":")).encode() + b"\n" for event in events
    )


class Journal:
    """The journal of one session at ``path``. Methods may be called from any thread.

    A journal belongs to one run at a time: after ``close`` it leaves the file to the next run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._pending: dict[str, JournaledEvent] = {}
        self._size = 0
        self._torn = False
        self._closed = False

    def open(self) -> list[JournaledEvent]:
        """Take over the file and return the events that an earlier run left, oldest first.
        Raises OSError."""
        with self._lock:
            try:
                content = self._path.read_bytes()
            except FileNotFoundError:
                content = b""
            self._pending = read(content)
            self._size = len(content)
            self._torn = bool(content) and not content.endswith(b"\n")
            return list(self._pending.values())

    def append(self, event: JournaledEvent) -> JournaledEvent:
        """Write ``event`` and return it with its unique ``key``. An event that cannot be written
        (the disk is full) is returned all the same: delivering it matters more."""
        event = replace(event, key=secrets.token_hex(12))
        with self._lock:
            self._pending[event.key] = event
            line = (b"\n" if self._torn else b"") + write([event])
            self._torn = not self._write(line, os.O_APPEND)
            self._size += len(line)
        return event

    def forget(self, keys: Iterable[str]) -> None:
        """Remove the events with these keys: the ledger has stored them."""
        with self._lock:
            for key in keys:
                self._pending.pop(key, None)
            if self._closed or not self._size:
                return
            if not self._pending:
                self._write(b"", os.O_TRUNC)
                self._size = 0
            elif self._size > COMPACT_BYTES:
                self._compact()

    def close(self) -> None:
        """Do not touch the file again."""
        with self._lock:
            self._closed = True

    def _compact(self) -> None:
        content = write(self._pending.values())
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
