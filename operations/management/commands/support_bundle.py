"""``manage.py support_bundle``: collect what support needs in one ZIP."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from core.text.units import size
from operations.support_bundles.build import BundleRequest, NoSuchSession, build_bundle
from sessions_app.models.support_bundle import MOST_LINES, USUAL_LINES


class Command(BaseCommand):
    help = (
        "Write a ZIP with diagnostics, a test_qr run, timelines, versions, redacted settings and "
        "the last lines of the log. It contains no codes, keys, messages or whole phone numbers."
    )
    requires_system_checks = ()  # it must run on broken installations

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--session", type=UUID, metavar="ID", help="only this session")
        parser.add_argument(
            "--lines",
            type=int,
            default=USUAL_LINES,
            metavar="N",
            help=f"log lines for each session, up to {MOST_LINES} (default {USUAL_LINES})",
        )
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="default: pairline-support-….zip here",
        )

    def handle(
        self, *, session: UUID | None, lines: int, output: Path | None, **options: Any
    ) -> None:
        if not 1 <= lines <= MOST_LINES:
            raise CommandError(f"--lines must be between 1 and {MOST_LINES}.")
        target = output or Path(f"pairline-support-{timezone.now():%Y-%m-%d-%H%M%S}.zip")
        if target.exists():
            raise CommandError(f"{target} exists. Choose another --output.")
        draft = target.with_name(f"{target.name}.part")
        try:
            made = build_bundle(BundleRequest(None, session, lines), draft)
            draft.replace(target)
        except (NoSuchSession, DatabaseError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{target} cannot be written ({error.strerror}).") from error
        finally:
            with suppress(OSError):  # the original error matters more
                draft.unlink()
        self.stdout.write(f"{target} ({size(made)}). Check its contents before you send it.")
