"""``manage.py restore``: a backup, or a part of it, put back."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.backup.errors import BackupError
from operations.backup.progress import Progress, counted
from operations.backup.restore import Restored, restore_all
from operations.backup.restore_account import restore_account
from operations.backup.restore_session import restore_session
from operations.backup.secret import Secret, add_secret, secret_from
from operations.backup.verify import check, lines_about


class Command(BaseCommand):
    help = (
        "Put a backup into an empty installation, or one account or session of it back where it "
        "was lost; all of it or nothing. Stop the installation that was backed up first: two that "
        "hold the same numbers throw each other out."
    )

    requires_system_checks = ()  # it is there for installations that do not work yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        part = parser.add_mutually_exclusive_group()
        part.add_argument("--account", metavar="NAME_OR_ID", help="only this account")
        part.add_argument("--session", metavar="ID", help="only this session")
        part.add_argument("--check", action="store_true", help="only read it and say what is in it")
        add_secret(parser)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            secret = secret_from(options)
            with Progress(self.stdout) as progress:
                lines = self._act(file, secret, options, progress)
        except BackupError as error:
            raise CommandError(str(error)) from None
        except (OSError, DatabaseError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise CommandError(f"Nothing was restored: {first}") from error
        self.stdout.write("\n".join(lines))

    def _act(
        self, file: Path, secret: Secret, options: dict[str, Any], progress: Progress
    ) -> list[str]:
        if options["check"]:
            contents = check(file, secret, progress.tell)
            return [f"{file} is sound.", *lines_about(contents)]
        if options["account"]:
            return _told(restore_account(file, secret, options["account"], progress.tell))
        if options["session"]:
            return _told(restore_session(file, secret, options["session"], progress.tell))
        return _told(restore_all(file, secret, progress.tell))


def _told(done: Restored) -> list[str]:
    """The last lines."""
    one = len(done.accounts) == 1
    whose = done.accounts[0] if one else counted(len(done.accounts), "account")
    return [
        f"Restored {whose}: {counted(done.rows, 'row')} and the keys of "
        f"{counted(done.keys, 'number')} in {done.seconds:.1f} s.",
        "Start the product (manage.py serve): it connects them again without a scan.",
    ]
