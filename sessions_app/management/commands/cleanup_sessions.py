"""``manage.py cleanup_sessions`` with ``diagnostics``, ``cleanup`` or ``jobs``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from core.text.units import NotAnAge, parse_age
from sessions_app.cleanup.report import lines
from sessions_app.cleanup.run import clean
from sessions_app.diagnostics import checks
from sessions_app.management.findings_output import checked_port, print_findings, print_json
from sessions_app.scheduler import report as job_report
from sessions_app.scheduler import status


class Command(BaseCommand):
    help = (
        "diagnostics: check sessions, keys, gateways, machine and settings; exit code 1 on "
        "trouble. cleanup: end stuck attempts and delete leftover key files; never the keys of a "
        "linked number. jobs: list the scheduled jobs with their last result and next run."
    )
    requires_system_checks = ()  # it must also run on broken installations

    def add_arguments(self, parser: ArgumentParser) -> None:
        tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
        look = tasks.add_parser("diagnostics", aliases=["diag"], help="report problems")
        look.add_argument("--port", type=int, default=checks.DEFAULT_PORT)
        tidy = tasks.add_parser("cleanup", aliases=["clean"], help="delete what is left over")
        tidy.add_argument("--dry-run", action="store_true", help="only report what would be done")
        tidy.add_argument(
            "--older-than",
            default="10m",
            metavar="AGE",
            help="skip what is younger: 90s, 15m, 2h or 1d (default 10m)",
        )
        jobs = tasks.add_parser("jobs", help="list the scheduled jobs")
        for task in (look, tidy, jobs):
            task.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, task: str, **options: Any) -> None:
        if task.startswith("diag"):
            found = checks.run(checked_port(options["port"]))
            print_findings(self, found, as_json=options["json"])
        elif task == "jobs":
            self._list_jobs(as_json=options["json"])
        else:
            self._clean(options["older_than"], options["dry_run"], as_json=options["json"])

    def _clean(self, older_than: str, dry_run: bool, *, as_json: bool) -> None:
        try:
            report = clean(parse_age(older_than), dry_run=dry_run)
        except NotAnAge as error:
            raise CommandError(f"--older-than: {error}") from None
        except (OSError, DatabaseError) as error:
            first = (str(error).splitlines() or [""])[0]
            raise CommandError(f"Nothing could be cleaned up: {first}") from error
        if as_json:
            print_json(self, asdict(report))
        else:
            self.stdout.write("\n".join(lines(report)))
        if report.failed:
            sys.exit(1)

    def _list_jobs(self, *, as_json: bool) -> None:
        try:
            found = status.job_statuses()
        except DatabaseError as error:
            first = (str(error).splitlines() or [""])[0]
            raise CommandError(f"The jobs cannot be read: {first}") from error
        if as_json:
            jobs = [{**asdict(one), "trouble": one.trouble} for one in found]
            print_json(self, {"jobs": jobs, "ok": not any(one.trouble for one in found)})
        else:
            self.stdout.write("\n".join(job_report.lines(found)))
        if any(one.trouble for one in found):
            sys.exit(1)
