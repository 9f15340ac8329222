"""What processes take, from Linux's own books: memory now, and processor time over a while."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_KB_A_MB = 1000
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """In MB: resident (pages that are shared count in each process) and proportional."""

    rss: float
    pss: float
    processes: str


def family(pid: int) -> list[int]:
    """A process and all that it started, and these started."""
    parents = {int(entry.name): _parent(entry) for entry in _PROC.glob("[0-9]*")}
    members = [pid]
    for member in members:  # it grows meanwhile
        members += [child for child, parent in parents.items() if parent == member]
    return members


def memory(pids: Sequence[int]) -> Memory:
    """The sums over the processes, and each one's resident memory in words."""
    found = [_rollup(pid) for pid in pids]
    words = [f"{_name(pid)} {one['Rss']:.0f}" for pid, one in zip(pids, found, strict=True)]
    return Memory(
        rss=sum(one["Rss"] for one in found),
        pss=sum(one["Pss"] for one in found),
        processes=", ".join(words),
    )


def cpu_percent(pids: Sequence[int], seconds: float) -> float:
    """The processor time of the processes over ``seconds``, in percent of one core."""
    before, began = _used(pids), time.monotonic()
    time.sleep(seconds)
    return 100 * (_used(pids) - before) / (time.monotonic() - began)


def _parent(entry: Path) -> int:
    """The parent's number; 0 for a process that has ended, waited for or not."""
    try:
        state, parent, *_ = _stat(entry)
    except OSError:
        return 0
    return 0 if state == "Z" else int(parent)


def _stat(entry: Path) -> list[str]:
    """The fields of /proc/PID/stat from the third on: the second, a name, may have spaces."""
    return (entry / "stat").read_text().rpartition(")")[2].split()


def _rollup(pid: int) -> dict[str, float]:
    """Rss and Pss in MB."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except ProcessLookupError:  # it has just ended: it takes nothing any more
        lines = ["Rss: 0 kB", "Pss: 0 kB"]
    fields = (line.split() for line in lines if line.startswith(("Rss:", "Pss:")))
    return {name.rstrip(":"): int(kilobytes) * 1.024 / _KB_A_MB for name, kilobytes, _ in fields}


def _used(pids: Sequence[int]) -> float:
    """Seconds of user and system time so far."""
    user, system = 11, 12
    stats = [_stat(_PROC / str(pid)) for pid in pids]
    return sum(int(stat[user]) + int(stat[system]) for stat in stats) / _TICKS_A_SECOND


def _name(pid: int) -> str:
    words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    known = ("serve", "linking", "running")
    return next((name for name in known if name in words), "neonize")
