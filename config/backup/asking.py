"""How a command is told the secret of a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from config.backup.errors import Refused
from config.backup.secret import Secret, of_key_file, of_passphrase_file


def add_secret(parser: ArgumentParser) -> None:
    """The two options that name a secret. There is none for the passphrase itself: whoever lists
    the processes of a machine would read it."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--passphrase-file", type=Path, metavar="F", help="a file whose first line it is"
    )
    either.add_argument(
        "--key-file", type=Path, metavar="F", help="as backup --new-key-file made it"
    )


def secret_from(options: Mapping[str, Any]) -> Secret:
    """The secret that the options name, else the one of BACKUP_KEY_FILE. Raises Refused: a backup
    is never written in clear."""
    if options["passphrase_file"]:
        return of_passphrase_file(options["passphrase_file"])
    key_file = options["key_file"] or settings.BACKUP_KEY_FILE
    if not key_file:
        raise Refused(
            "A backup is always encrypted: give --key-file F (make one with manage.py backup "
            "--new-key-file F), or --passphrase-file F."
        )
    return of_key_file(Path(key_file))
