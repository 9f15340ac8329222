"""``manage.py test_qr``: request a QR code. Exit code 0 if WhatsApp sends one, else 1."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.core.management.color import no_style

from core.web.qr_image import qr_terminal
from sessions_app.diagnostics.trial_connection import SECONDS, Failure, Success, lines, try_qr
from sessions_app.store.gateway_settings import gateway_settings


class Command(BaseCommand):
    help = (
        "Requests a QR code from WhatsApp over a temporary connection, waits "
        f"{SECONDS:g} seconds at most and reports the result. Touches no session."
    )
    requires_system_checks = ()  # it must also run on broken installations

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--show", action="store_true", help="draw the code in the terminal")

    def handle(self, *, show: bool, **options: Any) -> None:
        try:
            outcome = asyncio.run(_try_until_terminated())
        except (KeyboardInterrupt, asyncio.CancelledError):
            outcome = Failure("Stopped before a code arrived.", "Run it again.")
        style = self.style if self.stdout.isatty() else no_style()
        self.stdout.write("\n".join(lines(outcome, style.SUCCESS, style.ERROR)))
        if isinstance(outcome, Failure):
            sys.exit(1)
        if show:
            self.stdout.write(qr_terminal(outcome.text))
            self.stdout.write("The connection is already closed, so a scan links nothing.")


async def _try_until_terminated() -> Success | Failure:
    task = asyncio.current_task()
    with contextlib.suppress(RuntimeError, ValueError):  # only the main thread has signals
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await try_qr(gateway_settings())
