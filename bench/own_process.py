"""Runs a part of the bench in a process of its own, with a DATA_DIR of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from tests.wire.product import PROJECT


def measured(module: str, *arguments: str) -> dict[str, float]:
    """What ``python -m module`` prints as JSON. Raises CalledProcessError when it fails."""
    with tempfile.TemporaryDirectory(prefix="pairline-bench-") as folder:
        told = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=PROJECT,
            env={**os.environ, "DATA_DIR": folder, "DJANGO_SECRET_KEY": "bench"},
            check=True,
            capture_output=True,
            text=True,
        )
    found: dict[str, float] = json.loads(told.stdout)
    return found
