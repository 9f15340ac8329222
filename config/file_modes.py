"""New files are for the user of Pairline alone: databases, key files, logs, backups."""

from __future__ import annotations

import os

# These write code and static files, which other users of the machine run and serve.
_FOR_ALL_USERS = frozenset({"collectstatic", "compilemessages", "makemessages", "makemigrations"})


def keep_files_private(command: str) -> None:
    """Deny other users access to all files that this process and its children create, unless
    ``command`` of manage.py writes files for them."""
    if command not in _FOR_ALL_USERS:
        os.umask(0o077)
