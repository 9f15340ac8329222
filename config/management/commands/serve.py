"""``manage.py serve``: run the site and the gateway on one event loop."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import tenancy


class Command(BaseCommand):
    help = "Serve the site, and run the gateway that holds the WhatsApp connections."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument(
            "--no-gateway",
            action="store_true",
            help="serve the site only; run_gateway runs in another process",
        )

    def handle(self, *, host: str, port: int, no_gateway: bool, **options: Any) -> None:
        # Imported here, because Daphne installs its reactor on import, which no other command
        # needs.
        from config.server import SiteProcess  # isort: skip
        from config.asgi import application
        from config.composition import build_background

        if not 0 < port < 65536:
            raise CommandError("--port must be between 1 and 65535.")
        background = build_background(gateway=not no_gateway)
        address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}"  # noqa: S104

        def report_ready() -> None:
            self.stdout.write(f"Pairline is ready on {address} (Ctrl+C stops it)")
            self.stdout.flush()

        with tenancy.no_one():  # requests must not inherit the scope of manage.py
            opened = SiteProcess(application, host, port, background, report_ready).run()
        if not opened:
            raise CommandError(
                f"Port {port} on {host} cannot be opened: it is probably in use. "
                "Choose another one with --port."
            )
        # Threads that a stopped library left behind must not keep the process alive.
        sys.stdout.flush()
