"""Files that workers build for a row: a draft for each attempt, then the file under its name."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import IO

PART = ".part"
_STALE_DRAFT_SECONDS = 3_600.0


def draft_of(folder: Path, name: str, attempt: int) -> Path:
    """Return where an attempt (from 1) to build the file of the row ``name`` writes."""
    return folder / f"{name}.{attempt}{PART}"


def create_private(path: Path) -> IO[bytes]:
    """Create the file ``path``, or replace it, readable by its owner only, in a folder that only
    its owner can open. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "w+b")


def discard(path: Path) -> None:
    """Remove a file, if possible."""
    with suppress(OSError):
        path.unlink()


def remove_strays(folder: Path, known: Collection[str]) -> None:
    """Remove the files in ``folder`` that belong to no row of ``known`` (names), and drafts that
    have not changed for an hour."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.partition(".")[0] not in known or _is_stale_draft(path):
            path.unlink(missing_ok=True)


def _is_stale_draft(path: Path) -> bool:
    return path.suffix == PART and time.time() - path.stat().st_mtime > _STALE_DRAFT_SECONDS
