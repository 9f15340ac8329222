"""A migrated database with a customer, created once per process and copied for each product."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

FILES = "pairline.sqlite3", "customer.json"


@cache
def _template() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of the copy, which is deleted with the process."""
    return tempfile.TemporaryDirectory(prefix="pairline-installed-", ignore_cleanup_errors=True)


def keep(folder: Path, customer: dict[str, Any]) -> None:
    """Copy what was installed in ``folder``, before anything runs on it."""
    template = Path(_template().name)
    shutil.copytree(folder / "data", template / "data")
    shutil.copy(folder / FILES[0], template)
    (template / FILES[1]).write_text(json.dumps(customer))


def copy_to(folder: Path) -> dict[str, Any] | None:
    """Restore the copy into ``folder`` and return its customer; None without a copy."""
    template = Path(_template().name)
    if not (template / FILES[1]).exists():
        return None
    shutil.copytree(template / "data", folder / "data", dirs_exist_ok=True)
    shutil.copy(template / FILES[0], folder)
    customer: dict[str, Any] = json.loads((template / FILES[1]).read_text())
    return customer
