"""Show the progress of a command on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

ReportProgress = Callable[[str, int, int], None]
"""Takes what is being counted, how many are done, and the total (0 while it is unknown)."""

_MIN_SECONDS_BETWEEN_UPDATES = 0.2
_WIDTH = 60


def megabytes(size: int) -> str:
    """Format ``size`` (bytes) in MB of one million bytes."""
    return f"{size / 1e6:,.2f} MB"


def counted(number: int, noun: str) -> str:
    """Format ``number`` with ``noun``, which takes an s in the plural."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class Progress:
    """Rewrites one line of the terminal; writes nothing where ``out`` is not a terminal."""

    def __init__(self, out: Any) -> None:
        self._out, self._at = out, 0.0

    def report(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` (0: unknown) are done."""
        now = time.monotonic()
        if not self._out.isatty():
            return
        if now - self._at < _MIN_SECONDS_BETWEEN_UPDATES and done != total:
            return
        self._at = now
        line = f"{what}: {done:,}" + (f" of {total:,}" if total else "")
        self._out.write(f"\r{line:<{_WIDTH}}", ending="")
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._at:
            self._out.write(f"\r{'':<{_WIDTH}}\r", ending="")
