"""Progress of the benchmark on stderr: a counter on a terminal, else one line for each step."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

_began = time.monotonic()
_CLEAR = "\r\x1b[K"


def show_step(step: str) -> None:
    """Print one line with the time since the start."""
    minutes, seconds = divmod(int(time.monotonic() - _began), 60)
    start = _CLEAR if sys.stderr.isatty() else ""
    print(f"{start}{minutes:2}:{seconds:02}  {step}", file=sys.stderr, flush=True)


def counted(step: str, times: int) -> Iterator[int]:
    """Yield 0 to ``times`` - 1, and show each number as it begins."""
    if not sys.stderr.isatty():
        show_step(f"{step}, {times} times")
    for number in range(times):
        if sys.stderr.isatty():
            print(
                f"{_CLEAR}       {step} {number + 1}/{times}", end="", file=sys.stderr, flush=True
            )
        yield number
    if sys.stderr.isatty():
        show_step(f"{step}, {times} times")
