"""Write an export to its draft, at a pace that leaves the process time for everything else."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from core import tenancy
from core.data.built_files import create_private
from locations.exports.contents import content_of
from locations.exports.queue import ClaimedExport

MAX_BYTES = 2_000_000_000
FREE_BYTES = 1_000_000_000  # that stay free on the disk, which also holds WhatsApp keys
PROGRESS_SECONDS = 2.0
# It shares the interpreter with the web server and the gateway: one third of the time is theirs.
_WORK_SECONDS, _PAUSE_SECONDS = 0.02, 0.01


class ExportTooLarge(Exception):
    """The export would exceed ``MAX_BYTES``, or leave less than ``FREE_BYTES`` on the disk."""


class NoLongerMine(Exception):
    """The lease is lost, or the export was deleted."""


def write_export(claimed: ClaimedExport, show_progress: Callable[[int], bool]) -> int:
    """Write the draft of ``claimed``, readable by its owner only, and return its size in bytes.

    Calls ``show_progress`` with the bytes so far every two seconds. Raises NoLongerMine if that
    returns False, ExportTooLarge, OSError when the disk is full, or Django's DatabaseError.
    """
    with tenancy.of_accounts([claimed.account]), create_private(claimed.draft) as file:
        pace = WritePace(claimed.draft, show_progress)
        for piece in content_of(claimed.kind).pieces(claimed.account, claimed.filters):
            file.write(piece)
            pace.keep(file.tell())
        return _end(file)


def _end(file: IO[bytes]) -> int:
    file.flush()
    os.fsync(file.fileno())
    return file.tell()


class WritePace:
    """Pauses, reports progress and checks limits between the pieces of a file."""

    def __init__(self, path: Path, show_progress: Callable[[int], bool]) -> None:
        self._path, self._show_progress = path, show_progress
        self._worked_since = self._shown_at = time.monotonic()
        self._check_disk(0)

    def keep(self, written: int) -> None:
        """Call after each piece, with the bytes ``written`` so far. Raises as ``write_export``."""
        if time.monotonic() - self._worked_since < _WORK_SECONDS:
            return
        time.sleep(_PAUSE_SECONDS)
        self._worked_since = time.monotonic()
        if self._worked_since - self._shown_at < PROGRESS_SECONDS:
            return
        self._shown_at = self._worked_since
        self._check_disk(written)
        if not self._show_progress(written):
            raise NoLongerMine

    def _check_disk(self, written: int) -> None:
        if written > MAX_BYTES or shutil.disk_usage(self._path.parent).free < FREE_BYTES:
            raise ExportTooLarge(f"{written} bytes")
