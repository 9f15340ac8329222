"""A bounded file for lines that could not be read or handled, kept for an operator.

It is written rarely and read by health checks. The bounds hold whatever is added; a line that is
there already is not added again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

MAX_LINES = 1_000
MAX_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024


def add(path: Path, lines: Iterable[bytes]) -> list[bytes]:
    """Append ``lines`` (without line ends) to the file at ``path``, and return those that it has no
    room for. A line of more than ``MAX_LINE_BYTES`` is cut. Raises OSError; the file is then as it
    was before."""
    present = _read(path)
    known, size = set(present), sum(len(line) + 1 for line in present)
    fresh: list[bytes] = []
    left: list[bytes] = []
    for line in dict.fromkeys(lines):
        cut = line[:MAX_LINE_BYTES]
        if cut in known:
            continue
        if len(present) + len(fresh) >= MAX_LINES or size + len(cut) + 1 > MAX_BYTES:
            left.append(line)
            continue
        fresh.append(cut)
        size += len(cut) + 1
    if fresh:
        _replace(path, b"".join(line + b"\n" for line in (*present, *fresh)))
    return left


def count(path: Path) -> int:
    """Return how many lines the file at ``path`` holds, 0 if there is none. Raises OSError."""
    return len(_read(path))


def _read(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().split(b"\n") if line]
    except FileNotFoundError:
        return []


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}-new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
