"""How far a command has come, on a terminal."""

from __future__ import annotations

import time
from typing import Any, Self

_SECONDS_BETWEEN = 0.2
_WIDTH = 60


def megabytes(size: int) -> str:
    """``size`` (bytes) in MB of a million bytes."""
    return f"{size / 1e6:,.2f} MB"


def counted(number: int, what: str) -> str:
    """``number`` of ``what``, a word that takes an s when there are several."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


class Progress:
    """One line that is written over again; nothing where ``out`` is no terminal."""

    def __init__(self, out: Any) -> None:
        self._out, self._at = out, 0.0

    def tell(self, what: str, done: int, of: int) -> None:
        """``done`` of ``of`` (0: nobody knows) are done."""
        now = time.monotonic()
        if not self._out.isatty() or (now - self._at < _SECONDS_BETWEEN and done != of):
            return
        self._at = now
        line = f"{what}: {done:,}" + (f" of {of:,}" if of else "")
        self._out.write(f"\r{line:<{_WIDTH}}", ending="")
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._at:
            self._out.write(f"\r{'':<{_WIDTH}}\r", ending="")
