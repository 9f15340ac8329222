"""The messages and receipts that have reached an engine and are not in the ledger yet.

Each one is appended to a file before it goes to the gateway, and removed once the gateway reports
that it is stored. If engine, gateway or both are killed in between, the next start of the session
sends the remaining ones again; the ledger stores each only once. The file is not synced to
disk: it has to survive processes, not power cuts.

What cannot be read or stored is moved to a file beside the journal, so that it neither prevents a
start nor is lost (see ``core/data/aside_file.py``).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from core.data import aside_file
from sessions_app.engine.engine_events import JournaledEvent
from sessions_app.engine.protocol import ProtocolError

COMPACT_BYTES = 256 * 1024


class Contents(NamedTuple):
    """What a journal holds: its events by key, in order, and the lines that are not events."""

    events: dict[str, JournaledEvent]
    unreadable: list[bytes]


def read(raw: bytes, now: float) -> Contents:
    """Return the contents of a journal's bytes. The events are inside their bounds, even if an
    earlier version wrote them; ``now`` (Unix time) replaces times without a meaning."""
    contents = Contents({}, [])
    for line in raw.split(b"\n"):
        try:
            entry = json.loads(line)
            event = JournaledEvent.from_wire(entry if isinstance(entry, dict) else {}).bounded(now)
        except (ValueError, RecursionError, ProtocolError):
            event = None
        if event is not None and event.key:
            contents.events[event.key] = event
        elif line.strip():
            contents.unreadable.append(line)
    return contents


def write(events: Iterable[JournaledEvent]) -> bytes:
    """Return ``events`` as a journal's content, one JSON object a line."""
    return b"".join(
        json.dumps(event.to_wire(), separators=(",", ":")).encode() + b"\n" for event in events
    )


def aside_path(journal: Path) -> Path:
    """Return the path of the file for what was set aside from the ``journal``."""
    return journal.with_suffix(".aside")


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
        """Take over the file and return the events that an earlier run left, oldest first. Lines
        that are not events are set aside. Raises OSError if the file cannot be read."""
        with self._lock:
            try:
                raw = self._path.read_bytes()
            except FileNotFoundError:
                raw = b""
            self._pending, unreadable = read(raw, time.time())
            self._size = len(raw)
            self._torn = bool(raw) and not raw.endswith(b"\n")
            if unreadable:
                with contextlib.suppress(OSError):  # they stay, and the next start tries again
                    aside_file.add(aside_path(self._path), unreadable)
                    self._rewrite(write(self._pending.values()))
            return list(self._pending.values())

    def append(self, event: JournaledEvent) -> JournaledEvent:
        """Write ``event``, inside its bounds, and return it with its unique ``key``. An event that
        cannot be written (the disk is full) is returned all the same: delivering it matters more.
        """
        event = replace(event.bounded(time.time()), key=secrets.token_hex(12))
        with self._lock:
            self._pending[event.key] = event
            line = (b"\n" if self._torn else b"") + write([event])
            self._torn = not self._write(line, os.O_APPEND)
            self._size += len(line)
        return event

    def forget(self, keys: Iterable[str]) -> None:
        """Remove the events with these keys: the ledger has stored them."""
        with self._lock:
            self._forget(keys)

    def set_aside(self, keys: Iterable[str]) -> None:
        """Move the events with these keys to the file beside the journal: the ledger cannot store
        them. Without room there they stay, and the next start sends them again."""
        with self._lock:
            events = [self._pending[key] for key in keys if key in self._pending]
            lines = {write([event]).rstrip(b"\n"): event.key for event in events}
            if self._closed or not lines:
                return
            try:
                left = aside_file.add(aside_path(self._path), lines)
            except OSError:
                return
            self._forget([key for line, key in lines.items() if line not in left])

    def close(self) -> None:
        """Do not touch the file again."""
        with self._lock:
            self._closed = True

    def _forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._pending.pop(key, None)
        if self._closed or not self._size:
            return
        if not self._pending:
            if self._write(b"", os.O_TRUNC):
                self._size, self._torn = 0, False
        elif self._size > COMPACT_BYTES:
            self._compact()

    def _compact(self) -> None:
        content = write(self._pending.values())
        if len(content) * 2 <= self._size:
            self._rewrite(content)

    def _rewrite(self, content: bytes) -> None:
        """Replace the file's content; without room for another file, leave it as it is."""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(content)
            fresh.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
        else:
            self._size, self._torn = len(content), False

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
