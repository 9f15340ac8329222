"""Select the last lines of the log on disk for each session."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.logs.rotating_file import files_of

MAX_BYTES = 12_000_000  # kept in memory, however many lines were requested
# The fields of a line that a customer may read: nothing about the machine.
_OUR_LOGGERS = ("sessions_app", "conversations", "notifications")
_CUSTOMER_FIELDS = (
    "at", "level", "message", "session", "location", "event", "status", "reason", "code",
    "kind", "attempt", "status_code", "ms",
)  # fmt: skip


@dataclass(frozen=True)
class RecentLines:
    """Lines of the log, oldest first. ``of_sessions``: by session id. ``general``: about none."""

    of_sessions: Mapping[str, Collection[str]]
    general: Collection[str]


def recent_lines(folder: Path, sessions: Iterable[str], count: int, general: int) -> RecentLines:
    """Return the last ``count`` lines about each of ``sessions`` (ids), and the last ``general``
    lines about no session, from the log in ``folder``. Skips incomplete lines."""
    found: dict[str, deque[str]] = {session: deque(maxlen=count) for session in sessions}
    others: deque[str] = deque(maxlen=general)
    held = 0
    for line, entry in _entries(folder):
        session = entry.get("session")
        into = others if session is None else found.get(str(session))
        if into is None:
            continue
        if len(into) == into.maxlen and into:
            held -= len(into.popleft())
        if into.maxlen:
            into.append(line)
            held += len(line)
        if held > MAX_BYTES:
            fullest = max((others, *found.values()), key=len)
            held -= len(fullest.popleft())
    return RecentLines(found, others)


def _entries(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with ExitStack() as opened:
        for file in _open_oldest_first(folder, opened):
            for raw in file:
                line = raw.decode(errors="replace")
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    yield line, entry


def _open_oldest_first(folder: Path, opened: ExitStack) -> list[IO[bytes]]:
    """Open the files newest first: a file that is rotated meanwhile is opened twice, never missed.
    Its inode identifies it."""
    found: dict[int, IO[bytes]] = {}
    for path in files_of(folder):
        try:
            file = opened.enter_context(path.open("rb"))
        except OSError:
            continue
        found.setdefault(os.fstat(file.fileno()).st_ino, file)
    return list(reversed(found.values()))


def customer_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the parts of ``lines`` that a customer may read: without processes, tracebacks and
    lines of other programs."""
    for line in lines:
        entry: dict[str, Any] = json.loads(line)
        if str(entry.get("logger", "")).partition(".")[0] in _OUR_LOGGERS:
            yield json.dumps({key: entry[key] for key in _CUSTOMER_FIELDS if key in entry}) + "\n"
