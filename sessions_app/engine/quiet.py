"""What an engine may say on its standard output and error: the library's log, redacted.

The library prints to both on its own. Its standard output is thrown away. Its standard error is
kept in memory, where the gateway can read the last words of a crashed engine through
``/proc/<pid>/fd/2``, if it opened that while the engine lived; they hold code positions, no
data. The log goes to what was the standard error at the start.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
import traceback
from pathlib import Path

from sessions_app.engine import redaction

DRAIN_SECONDS = 0.5

_WAITING_LINES = 1000


class Log:
    """Writes redacted lines to the original standard error; drops lines rather than wait."""

    def __init__(self) -> None:
        """Take the standard output and error away from everybody else."""
        self._fd = os.dup(2)
        self._lines: queue.Queue[bytes] = queue.Queue(_WAITING_LINES)
        nothing = os.open(os.devnull, os.O_RDWR)
        sys.stdout.flush()
        os.dup2(nothing, 1)
        os.dup2(_kept_in_memory(nothing), 2)
        threading.Thread(target=self._write, name="log", daemon=True).start()
        threading.excepthook = self._mistake
        sys.unraisablehook = self._mistake  # an exception in what the library calls

    def __call__(self, level: str, name: str, message: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(redaction.line(level, name, message).encode() + b"\n")

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Let what waits be written, for ``seconds`` at most."""
        until = time.monotonic() + seconds
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)

    def _mistake(self, error: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        """A mistake of ours is worth a line: what and where, never with what data."""
        frames = traceback.extract_tb(error.exc_traceback)
        where = f"{Path(frames[-1].filename).stem} line {frames[-1].lineno}" if frames else "?"
        kind = error.exc_type.__name__ if error.exc_type else "?"
        self("error", "Engine", f"{kind} at {where}")

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            with contextlib.suppress(OSError):
                os.write(self._fd, line)
            self._lines.task_done()


def _kept_in_memory(otherwise: int) -> int:
    try:
        return os.memfd_create("engine-stderr")
    except (AttributeError, OSError):
        return otherwise
