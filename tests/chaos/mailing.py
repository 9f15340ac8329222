"""A process that only sends mails: ``python -m tests.chaos.mailing send``. With ``prepare N`` it
creates the outbox and puts N mails into it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if sys.argv[1] == "prepare":
        _prepare(int(sys.argv[2]))
    else:
        asyncio.run(_send())


def _prepare(count: int) -> None:
    from django.core.management import call_command

    from core import tenancy
    from notifications.models import Mail

    with tenancy.everyone():
        call_command("migrate", verbosity=0)
        Mail.objects.bulk_create(
            Mail(kind="digest", key=f"test:{n}", to=f"m-{n}@example.com", subject="Hi", text="Hi")
            for n in range(count)
        )


async def _send() -> None:
    from core.data.db_threads import Transactions
    from notifications.mail.worker import MailSender

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await MailSender(Transactions().run).run(stop)


if __name__ == "__main__":
    main()
