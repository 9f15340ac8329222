"""``manage.py backup``: the whole installation in one encrypted file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.backup.create import make
from operations.backup.errors import BackupError
from operations.backup.progress import Progress, megabytes
from operations.backup.schedule import new_name
from operations.backup.secret import add_secret, new_key_file, secret_from
from operations.backup.verify import lines_about


class Command(BaseCommand):
    help = (
        "Back up the database and WhatsApp's keys into one encrypted file, while everything runs, "
        "and read it again to be sure. Whoever has the file and its secret has every linked number."
    )

    requires_system_checks = ()  # a key file is made before a setting can name it

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="a file, or a folder for one with a date"
        )
        parser.add_argument(
            "--new-key-file", type=Path, metavar="FILE", help="only make a new key file"
        )
        add_secret(parser)

    def handle(self, *, output: Path | None, new_key_file: Path | None, **options: Any) -> None:
        try:
            if new_key_file:
                self._make_key(new_key_file)
            else:
                self._back_up(output or Path(settings.BACKUP_DIR or "."), options)
        except BackupError as error:
            raise CommandError(str(error)) from None
        except (OSError, DatabaseError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise CommandError(f"There is no backup: {first}") from error

    def _make_key(self, path: Path) -> None:
        new_key_file(path)
        self.stdout.write(
            f"Wrote {path}. Keep a copy away from this machine: without it no backup opens."
        )

    def _back_up(self, output: Path, options: dict[str, Any]) -> None:
        secret = secret_from(options)
        path = output / new_name() if output.is_dir() else output
        with Progress(self.stdout) as progress:
            made = make(path.absolute(), secret, progress.tell)
        self.stdout.write(
            f"{made.path}: {megabytes(made.size)} in {made.seconds:.1f} s, read again"
        )
        self.stdout.write("\n".join(lines_about(made.contents)))
