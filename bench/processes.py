"""Memory and CPU usage of processes, from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_KB_PER_MB = 1000
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Memory in MB: resident (shared pages count in each process) and proportional."""

    rss: float
    pss: float
    processes: str


def process_tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    parents = {int(entry.name): _parent(entry) for entry in _PROC.glob("[0-9]*")}
    members = [pid]
    for member in members:  # the list grows during the loop
        members += [child for child, parent in parents.items() if parent == member]
    return members


def memory(pids: Sequence[int]) -> Memory:
    """Return the sums over the processes, and a description with the RSS of each."""
    found = [_rollup(pid) for pid in pids]
    words = [f"{_name(pid)} {one['Rss']:.0f}" for pid, one in zip(pids, found, strict=True)]
    return Memory(
        rss=sum(one["Rss"] for one in found),
        pss=sum(one["Pss"] for one in found),
        processes=", ".join(words),
    )


def cpu_percent(pids: Sequence[int], seconds: float) -> float:
    """Measure the CPU time of the processes for ``seconds``, in percent of one core."""
    before, began = _used(pids), time.monotonic()
    time.sleep(seconds)
    return 100 * (_used(pids) - before) / (time.monotonic() - began)


def _parent(entry: Path) -> int:
    """Return the pid of the parent, or 0 for a process that has ended."""
    try:
        state, parent, *_ = _stat(entry)
    except OSError:
        return 0
    return 0 if state == "Z" else int(parent)


def _stat(entry: Path) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on. The second may contain spaces."""
    return (entry / "stat").read_text().rpartition(")")[2].split()


def _rollup(pid: int) -> dict[str, float]:
    """Return Rss and Pss in MB."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except ProcessLookupError:  # the process has just ended
        lines = ["Rss: 0 kB", "Pss: 0 kB"]
    fields = (line.split() for line in lines if line.startswith(("Rss:", "Pss:")))
    return {name.rstrip(":"): int(kilobytes) * 1.024 / _KB_PER_MB for name, kilobytes, _ in fields}


def _used(pids: Sequence[int]) -> float:
    """Return the user and system time so far, in seconds."""
    user, system = 11, 12
    stats = [_stat(_PROC / str(pid)) for pid in pids]
    return sum(int(stat[user]) + int(stat[system]) for stat in stats) / _TICKS_PER_SECOND


def _name(pid: int) -> str:
    words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    known = ("serve", "linking", "running")
    return next((name for name in known if name in words), "neonize")
