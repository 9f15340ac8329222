"""Run a module of the benchmark in a process of its own, with its own DATA_DIR."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from tests.wire.product import PROJECT


def run_module(module: str, *arguments: str) -> dict[str, float]:
    """Run ``python -m module`` and return the JSON that it prints. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="pairline-bench-") as folder:
        completed = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=PROJECT,
            env={**os.environ, "DATA_DIR": folder, "DJANGO_SECRET_KEY": "bench"},
            check=True,
            capture_output=True,
            text=True,
        )
    result: dict[str, float] = json.loads(completed.stdout)
    return result
