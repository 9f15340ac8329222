"""Backups by themselves: where they go, how they are called, and which ones stay."""

from __future__ import annotations

import logging
import re
import time
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from operations.backup.create import make
from operations.backup.errors import Refused
from operations.backup.progress import counted, megabytes
from operations.backup.secret import of_key_file

logger = logging.getLogger(__name__)

_OURS = re.compile(r"pairline-\d{8}-\d{6}\.backup")
_UNFINISHED = re.compile(rf"\.{_OURS.pattern}\.\d+\.partial")
_OLD_SECONDS = 24 * 60 * 60.0


def new_name(now: datetime | None = None) -> str:
    """What a backup that begins now (UTC) is called: names sort as the times do."""
    return f"pairline-{now or timezone.now():%Y%m%d-%H%M%S}.backup"


def run_scheduled() -> str:
    """Make a backup in BACKUP_DIR, read it again, and delete the oldest ones above BACKUP_KEEP;
    one sentence about it. Takes seconds to minutes: not for an event loop. Raises BackupError,
    or OSError when the disk is full; older backups are then all kept."""
    if not settings.BACKUP_DIR:
        raise Refused("BACKUP_DIR is not set: there are no scheduled backups.")
    if not settings.BACKUP_KEY_FILE:
        raise Refused("BACKUP_KEY_FILE is not set: a backup is always encrypted.")
    folder = Path(settings.BACKUP_DIR)
    made = make(folder / new_name(), of_key_file(Path(settings.BACKUP_KEY_FILE)), _silent)
    gone = prune(folder, settings.BACKUP_KEEP)
    logger.info("Backed up", extra={"file": made.path.name, "bytes": made.size})
    keys = counted(made.contents.keys, "linked number")
    deleted = f"; {gone} older deleted" if gone else ""
    return (
        f"{made.path.name}: {keys}, {megabytes(made.size)} in {made.seconds:.1f} s, "
        f"read again{deleted}."
    )


def prune(folder: Path, keep: int) -> int:
    """Delete the oldest backups with names of our making above ``keep``; how many. With them
    goes what a backup that was killed more than a day ago left unfinished."""
    for path in folder.iterdir():
        if _UNFINISHED.fullmatch(path.name) and time.time() - path.stat().st_mtime > _OLD_SECONDS:
            path.unlink()
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    oldest = ours[: max(0, len(ours) - keep)]
    for path in oldest:
        path.unlink()
    return len(oldest)


def _silent(what: str, done: int, of: int) -> None:
    """Nobody watches."""
