"""A logging handler that writes to disk, for support bundles, without blocking the caller.

Records go into a bounded queue; a thread formats, redacts and writes them. If the disk is full or
slow, lines are dropped and counted.
"""

from __future__ import annotations

import copy
import json
import logging
import queue
import threading
from datetime import UTC, datetime
from pathlib import Path

from core.logs.rotating_file import LogFile

WAITING_RECORDS = 10_000
FLUSH_SECONDS = 2.0
_AT_ONCE = 200


class DiskLog(logging.Handler):
    """A logging handler whose ``emit`` takes microseconds, however slow the disk is."""

    def __init__(self, folder: Path, waiting: int = WAITING_RECORDS) -> None:
        super().__init__()
        self._file = LogFile(folder)
        self._records: queue.Queue[logging.LogRecord] = queue.Queue(waiting)
        self._lost, self._counting = 0, threading.Lock()
        self._writer: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue ``record`` for the writer thread. Drop it if the queue is full."""
        try:
            kept = copy.copy(record)
            kept.msg, kept.args = record.getMessage(), None  # arguments may change later
            self._records.put_nowait(kept)
        except Exception:  # full queue or invalid record: logging must not raise
            self._count(1)
        if self._writer is None:  # started late: a process that logs nothing needs none
            self._writer = threading.Thread(target=self._write_all, name="log", daemon=True)
            self._writer.start()

    def flush(self) -> None:
        """Wait until all queued records are written, at most ``FLUSH_SECONDS``."""
        if self._writer is None:
            return
        with self._records.all_tasks_done:
            self._records.all_tasks_done.wait_for(
                lambda: not self._records.unfinished_tasks, FLUSH_SECONDS
            )

    def _write_all(self) -> None:
        while True:
            records = [self._records.get()]
            while len(records) < _AT_ONCE and not self._records.empty():
                records.append(self._records.get())
            self._write(records)
            for _ in records:
                self._records.task_done()

    def _write(self, records: list[logging.LogRecord]) -> None:
        lost = self._lost
        lines = [self._line_about(lost)] if lost else []
        lines += [line for record in records if (line := self._line(record))]
        try:
            self._file.append("".join(f"{line}\n" for line in lines).encode())
        except OSError:
            self._count(len(records))
        else:
            self._count(-lost)

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception:  # a value that cannot be formatted
            self._count(1)
            return ""

    def _count(self, lost: int) -> None:
        with self._counting:
            self._lost += lost

    @staticmethod
    def _line_about(lost: int) -> str:
        at = datetime.now(UTC).isoformat()
        message = f"{lost} log lines were lost: the disk was full or slow"
        return json.dumps({"at": at, "level": "warning", "logger": "config", "message": message})
