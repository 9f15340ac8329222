"""``manage.py restore``: restore a backup, or a part of it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.backup.errors import BackupError
from operations.backup.progress import Progress, counted
from operations.backup.restore import RestoreResult, restore_all
from operations.backup.restore_account import restore_account
from operations.backup.restore_session import restore_session
from operations.backup.secret import Secret, add_secret_options, secret_from_options
from operations.backup.verify import describe_contents, verify_backup


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty installation, or restore one lost account or session; all "
        "of it or nothing. Stop the installation that was backed up first: two installations with "
        "the same numbers disconnect each other."
    )

    requires_system_checks = ()  # it must run on broken installations

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        part = parser.add_mutually_exclusive_group()
        part.add_argument("--account", metavar="NAME_OR_ID", help="only this account")
        part.add_argument("--session", metavar="ID", help="only this session")
        part.add_argument("--check", action="store_true", help="only verify it and list it")
        add_secret_options(parser)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            secret = secret_from_options(options)
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
            contents = verify_backup(file, secret, progress.report)
            return [f"{file} is intact.", *describe_contents(contents)]
        if options["account"]:
            return _summary(restore_account(file, secret, options["account"], progress.report))
        if options["session"]:
            return _summary(restore_session(file, secret, options["session"], progress.report))
        return _summary(restore_all(file, secret, progress.report))


def _summary(done: RestoreResult) -> list[str]:
    only_one = len(done.accounts) == 1
    accounts = done.accounts[0] if only_one else counted(len(done.accounts), "account")
    return [
        f"Restored {accounts}: {counted(done.rows, 'row')} and the keys of "
        f"{counted(done.keys, 'number')} in {done.seconds:.1f} s.",
        "Start Pairline (manage.py serve): the numbers reconnect without a scan.",
    ]
