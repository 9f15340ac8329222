"""The last lines of the log on disk, by the session that they are about."""

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

MAX_BYTES = 12_000_000  # held at once, whatever was asked for
# What a customer may read of a line: what happened to his session, and nothing of the machine.
_OUR_LOGGERS = ("sessions_app", "conversations", "notifications")
_CUSTOMER_FIELDS = (
    "at", "level", "message", "session", "location", "event", "status", "reason", "code",
    "kind", "attempt", "status_code", "ms",
)  # fmt: skip


@dataclass(frozen=True)
class RecentLines:
    """Lines as they stand in the log, the oldest first: of each session asked for, and of none."""

    of_sessions: Mapping[str, Collection[str]]
    of_none: Collection[str]


def recent_lines(folder: Path, sessions: Iterable[str], count: int, of_none: int) -> RecentLines:
    """The last ``count`` lines about each of ``sessions`` (ids), and the last ``of_none`` about no
    session, from the log in ``folder``. Half lines are passed over."""
    found: dict[str, deque[str]] = {session: deque(maxlen=count) for session in sessions}
    others: deque[str] = deque(maxlen=of_none)
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
    """The files, opened the newest first: one that is moved meanwhile is met twice, never
    missed, and is known by its inode."""
    found: dict[int, IO[bytes]] = {}
    for path in files_of(folder):
        try:
            file = opened.enter_context(path.open("rb"))
        except OSError:
            continue
        found.setdefault(os.fstat(file.fileno()).st_ino, file)
    return list(reversed(found.values()))


def customer_lines(lines: Iterable[str]) -> Iterator[str]:
    """Of ``lines`` what a customer may read of his own sessions: without processes, tracebacks
    and what other programs wrote."""
    for line in lines:
        entry: dict[str, Any] = json.loads(line)
        if str(entry.get("logger", "")).partition(".")[0] in _OUR_LOGGERS:
            yield json.dumps({key: entry[key] for key in _CUSTOMER_FIELDS if key in entry}) + "\n"
