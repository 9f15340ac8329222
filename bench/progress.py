"""What the benchmark is doing, on stderr: a counter on a terminal, else a line a step."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

_began = time.monotonic()
_CLEAR = "\r\x1b[K"


def say(what: str) -> None:
    """One line with the minutes since the start."""
    minutes, seconds = divmod(int(time.monotonic() - _began), 60)
    start = _CLEAR if sys.stderr.isatty() else ""
    print(f"{start}{minutes:2}:{seconds:02}  {what}", file=sys.stderr, flush=True)


def counted(what: str, times: int) -> Iterator[int]:
    """0 to ``times`` - 1, each shown as it begins."""
    if not sys.stderr.isatty():
        say(f"{what}, {times} times")
    for number in range(times):
        if sys.stderr.isatty():
            print(
                f"{_CLEAR}       {what} {number + 1}/{times}", end="", file=sys.stderr, flush=True
            )
        yield number
    if sys.stderr.isatty():
        say(f"{what}, {times} times")
