"""``manage.py run_gateway``: run a gateway in its own process, next to ``serve --no-gateway``."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.composition import build_background
from core import tenancy
from sessions_app.diagnostics.sessions import is_alive_on


class Command(BaseCommand):
    help = "Run a gateway, which holds the WhatsApp connections of the sessions that it leases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--alive",
            action="store_true",
            help="only check whether a gateway of this machine is alive; exits with 0 or 1",
        )

    def handle(self, *, alive: bool, **options: Any) -> None:
        if alive:
            sys.exit(self._check_alive())
        if not settings.REDIS_URL:
            self.stderr.write(
                "REDIS_URL is not set: hints do not reach other processes, so pages and gateway "
                "see each other's changes after about a second instead of at once."
            )
        with tenancy.no_one():  # each transaction sets its own tenant scope
            asyncio.run(self._run())

    def _check_alive(self) -> int:
        """Return the exit code for a health check, such as a container's."""
        alive = is_alive_on(socket.gethostname())
        self.stdout.write(
            "A gateway is alive." if alive else "No gateway of this machine is alive."
        )
        return 0 if alive else 1

    async def _run(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self.stdout.write("Gateway is running (Ctrl+C stops it)")
        self.stdout.flush()
        background = build_background(gateway=True)
        await asyncio.gather(*(one.run(stop) for one in background.values()))
