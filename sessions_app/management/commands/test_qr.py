"""``manage.py test_qr``: does a QR code come? Exit code 0 when one does, else 1."""

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
        "Asks WhatsApp for a QR code over a throw-away connection, waits "
        f"{SECONDS:g} seconds at most and says whether one came. Touches no session."
    )
    requires_system_checks = ()  # it is there for installations that do not work

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--show", action="store_true", help="draw the code in the terminal")

    def handle(self, *, show: bool, **options: Any) -> None:
        try:
            outcome = asyncio.run(_try_until_told_to_stop())
        except (KeyboardInterrupt, asyncio.CancelledError):
            outcome = Failure("Stopped before a code came.", "Run it again.")
        style = self.style if self.stdout.isatty() else no_style()
        self.stdout.write("\n".join(lines(outcome, style.SUCCESS, style.ERROR)))
        if isinstance(outcome, Failure):
            sys.exit(1)
        if show:
            self.stdout.write(qr_terminal(outcome.text))
            self.stdout.write("Its connection is closed already, so a scan links nothing.")


async def _try_until_told_to_stop() -> Success | Failure:
    task = asyncio.current_task()
    with contextlib.suppress(RuntimeError, ValueError):  # only the main thread has signals
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await try_qr(gateway_settings())
