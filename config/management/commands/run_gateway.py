"""``manage.py run_gateway``: a gateway of its own, beside ``serve --no-gateway``."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.composition import build_background
from locations import tenancy


class Command(BaseCommand):
    help = "Run a gateway: it owns the WhatsApp connections of the sessions that it leases."

    def handle(self, **options: Any) -> None:
        if not settings.REDIS_URL:
            self.stderr.write(
                "REDIS_URL is not set: hints do not cross processes, so pages and gateway "
                "notice each other within about a second instead of at once."
            )
        with tenancy.nobody():  # its transactions say themselves whose rows they are about
            asyncio.run(self._run())

    async def _run(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self.stdout.write("Gateway is running (Ctrl+C stops it)")
        self.stdout.flush()
        await asyncio.gather(*(one.run(stop) for one in build_background().values()))
