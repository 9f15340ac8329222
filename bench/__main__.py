"""Compare Pairline with bare neonize on the same simulator, and print one table.

The exit code is 0 if all rows meet their limits, else 1. A full run takes about ten minutes. Use
an otherwise idle machine.

``python -m bench neighbours`` measures instead what one customer can do to another.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.backup import backup
from bench.digest import digest
from bench.links import fifty, qr, scan
from bench.messages import send
from bench.neighbours.command import main as neighbours
from bench.outage import outage
from bench.pages import pages
from bench.progress import show_step
from bench.ready_sessions import ready_sessions
from bench.table import Row, render

GROUPS: dict[Callable[[int], list[Row]], tuple[str, ...]] = {
    qr: ("qr-api", "qr-page"),
    fifty: ("fifty",),
    scan: ("scan",),
    send: ("send",),
    pages: ("overview", "numbers", "overview-size", "numbers-size", "seen"),
    ready_sessions: ("drop-one", "drop-all", "memory", "cpu"),
    outage: ("outage",),
    digest: ("digest",),
    backup: ("backup", "backup-memory"),
}
NAMES = [name for names in GROUPS.values() for name in names]


def main() -> int:
    if sys.argv[1:2] == ["neighbours"]:
        return neighbours(sys.argv[2:])
    options = _options()
    load = os.getloadavg()[0]
    show_step(f"machine load: {load:.2f} on {os.cpu_count()} cores")
    rows = [row for group in _groups(options.rows) for row in group(options.runs)]
    rows = [row for row in rows if row.name in options.rows]
    facts = _facts(load, options.runs)
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print(render(rows))
    if options.json is not None:
        result = {"machine": facts, "rows": [row.as_json() for row in rows]}
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0 if all(row.met for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rows", type=_names, default=NAMES, help=f"run only these rows: {','.join(NAMES)}"
    )
    parser.add_argument(
        "--runs", type=_count, default=20, help="repetitions of each row (default: 20)"
    )
    parser.add_argument("--json", type=Path, help="also write all samples to this file")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown rows: {', '.join(unknown)}")
    return names


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _groups(names: list[str]) -> list[Callable[[int], list[Row]]]:
    return [group for group, rows in GROUPS.items() if set(rows) & set(names)]


def _facts(load: float, runs: int) -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "load at start": round(load, 2),
        "Python": platform.python_version(),
        "neonize": version("neonize"),
        "runs": runs,
    }


if __name__ == "__main__":
    sys.exit(main())
