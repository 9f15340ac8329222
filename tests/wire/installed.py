"""A migrated database with its customer, made once a process: each further product copies it."""

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
    """The folder of the copy; it goes with the process."""
    return tempfile.TemporaryDirectory(prefix="pairline-installed-", ignore_cleanup_errors=True)


def keep(folder: Path, customer: dict[str, Any]) -> None:
    """Remember what was installed in ``folder``, before anything runs on it."""
    template = Path(_template().name)
    shutil.copytree(folder / "data", template / "data")
    shutil.copy(folder / FILES[0], template)
    (template / FILES[1]).write_text(json.dumps(customer))


def copy_to(folder: Path) -> dict[str, Any] | None:
    """The customer, when what was kept now stands in ``folder`` too; None when nothing was."""
    template = Path(_template().name)
    if not (template / FILES[1]).exists():
        return None
    shutil.copytree(template / "data", folder / "data", dirs_exist_ok=True)
    shutil.copy(template / FILES[0], folder)
    customer: dict[str, Any] = json.loads((template / FILES[1]).read_text())
    return customer
