"""``manage.py backup``: back up the whole installation to one encrypted file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.backup.create import create_backup
from operations.backup.errors import BackupError
from operations.backup.progress import Progress, megabytes
from operations.backup.schedule import new_name
from operations.backup.secret import add_secret_options, secret_from_options, write_key_file
from operations.backup.verify import describe_contents


class Command(BaseCommand):
    help = (
        "Back up the database and the WhatsApp keys to one encrypted file while Pairline runs, and "
        "verify it. Anyone with the file and its secret can use every linked number."
    )

    requires_system_checks = ()  # a key file is made before a setting names it

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="file, or folder for a file with a date"
        )
        parser.add_argument(
            "--new-key-file", type=Path, metavar="FILE", help="only create a new key file"
        )
        add_secret_options(parser)

    def handle(self, *, output: Path | None, new_key_file: Path | None, **options: Any) -> None:
        try:
            if new_key_file:
                self._create_key_file(new_key_file)
            else:
                self._back_up(output or Path(settings.BACKUP_DIR or "."), options)
        except BackupError as error:
            raise CommandError(str(error)) from None
        except (OSError, DatabaseError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise CommandError(f"No backup was made: {first}") from error

    def _create_key_file(self, path: Path) -> None:
        write_key_file(path)
        self.stdout.write(
            f"Wrote {path}. Keep a copy on another machine: no backup can be restored without it."
        )

    def _back_up(self, output: Path, options: dict[str, Any]) -> None:
        secret = secret_from_options(options)
        path = output / new_name() if output.is_dir() else output
        with Progress(self.stdout) as progress:
            made = create_backup(path.absolute(), secret, progress.report)
        self.stdout.write(f"{made.path}: {megabytes(made.size)} in {made.seconds:.1f} s, verified")
        self.stdout.write("\n".join(describe_contents(made.contents)))
