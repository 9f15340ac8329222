"""``manage.py doctor``: is this installation well? Exit code 0 when it is, else 1."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from sessions_app.diagnostics import checks
from sessions_app.diagnostics.versions import PAIRLINE
from sessions_app.management.findings_output import checked_port, print_findings


class Command(BaseCommand):
    help = (
        "Looks at everything that numbers need: database, keys, mail, disk, clock, library, "
        "WhatsApp, gateways. A line each with the next step; it takes some seconds, changes "
        "nothing and sends nothing. Exit code 1 when something is in trouble."
    )
    requires_system_checks = ()  # it is there for installations that do not work

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--port",
            type=int,
            default=checks.DEFAULT_PORT,
            help="where the site is, or is to be, served (default 8000)",
        )

    def handle(self, *, port: int, json: bool, **options: Any) -> None:
        at, began = timezone.now(), time.monotonic()
        found = checks.installation(checked_port(port))
        seconds = round(time.monotonic() - began, 3)
        print_findings(self, found, as_json=json, at=at, version=PAIRLINE, seconds=seconds)
