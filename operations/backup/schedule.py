"""Scheduled backups: their file names, and which of them are kept."""

from __future__ import annotations

import logging
import re
import time
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from operations.backup.create import create_backup
from operations.backup.errors import BackupRefused
from operations.backup.progress import counted, megabytes
from operations.backup.secret import key_file_secret

logger = logging.getLogger(__name__)

_BACKUP_NAME = re.compile(r"pairline-\d{8}-\d{6}\.backup")
_UNFINISHED = re.compile(rf"\.{_BACKUP_NAME.pattern}\.\d+\.partial")
_STALE_SECONDS = 24 * 60 * 60.0


def new_name(now: datetime | None = None) -> str:
    """Return the file name of a backup made at ``now`` (UTC). Names sort by time."""
    return f"pairline-{now or timezone.now():%Y%m%d-%H%M%S}.backup"


def run_scheduled_backup() -> str:
    """Create and verify a backup in BACKUP_DIR, delete the oldest ones above BACKUP_KEEP, and
    return a sentence about it. Takes seconds to minutes: do not call it on an event loop. Raises
    BackupError, or OSError when the disk is full, and then keeps all older backups."""
    if not settings.BACKUP_DIR:
        raise BackupRefused("BACKUP_DIR is not set: there are no scheduled backups.")
    if not settings.BACKUP_KEY_FILE:
        raise BackupRefused("BACKUP_KEY_FILE is not set: a backup is always encrypted.")
    folder = Path(settings.BACKUP_DIR)
    made = create_backup(
        folder / new_name(), key_file_secret(Path(settings.BACKUP_KEY_FILE)), _report_nothing
    )
    pruned = prune(folder, settings.BACKUP_KEEP)
    logger.info("Backed up", extra={"file": made.path.name, "bytes": made.size})
    keys = counted(made.contents.keys, "linked number")
    deleted = f"; {pruned} older deleted" if pruned else ""
    return (
        f"{made.path.name}: {keys}, {megabytes(made.size)} in {made.seconds:.1f} s, "
        f"read again{deleted}."
    )


def prune(folder: Path, keep: int) -> int:
    """Delete the oldest scheduled backups above ``keep``, and return how many. Also delete partial
    files that a killed backup left more than a day ago."""
    for path in folder.iterdir():
        if _UNFINISHED.fullmatch(path.name) and time.time() - path.stat().st_mtime > _STALE_SECONDS:
            path.unlink()
    backups = sorted(path for path in folder.iterdir() if _BACKUP_NAME.fullmatch(path.name))
    oldest = backups[: max(0, len(backups) - keep)]
    for path in oldest:
        path.unlink()
    return len(oldest)


def _report_nothing(what: str, done: int, total: int) -> None:
    """Scheduled backups run without a terminal."""
