"""``manage.py doctor``: check this installation. Exits with 1 if something is in trouble."""

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
        "Check everything that numbers need: database, keys, mail, disk, clock, library, WhatsApp "
        "and gateways. Prints one line for each with the next step. Takes some seconds, changes "
        "and sends nothing. Exits with 1 if something is in trouble."
    )
    requires_system_checks = ()  # it must run on broken installations

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--port",
            type=int,
            default=checks.DEFAULT_PORT,
            help="port of the site (default 8000)",
        )

    def handle(self, *, port: int, json: bool, **options: Any) -> None:
        at, began = timezone.now(), time.monotonic()
        found = checks.installation(checked_port(port))
        seconds = round(time.monotonic() - began, 3)
        print_findings(self, found, as_json=json, at=at, version=PAIRLINE, seconds=seconds)
