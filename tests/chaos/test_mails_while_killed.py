"""A process that is killed while it sends mails: nothing is lost, next to nothing comes twice."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.wire.product import Product, Simulator, free_port, wait_for

MAILS = 200
CONNECTIONS = 4  # of one process: each may leave one mail of which nobody knows
WRITE = f"""
from notifications.models import Mail
Mail.objects.bulk_create(
    Mail(kind="digest", key=f"test:{{n}}", to=f"m-{{n}}@example.com", subject="Hi", text="Hi")
    for n in range({MAILS})
)
"""
# As if the time of a claim had passed.
FREE = "UPDATE notifications_mail SET next_attempt_at = created_at WHERE state = 'waiting'"
LEFT = "SELECT count(*) FROM notifications_mail WHERE state != 'sent'"


class PostOffice:
    """Counts what it takes by Message-ID, and can stop answering."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.hangs = False
        self.hanging = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.hanging += 1
        try:
            while self.hangs:  # noqa: ASYNC110  it is let go from another thread
                await asyncio.sleep(0.05)
        finally:
            self.hanging -= 1
        await asyncio.sleep(0.01)  # as over a network, so that a kill meets one under way
        self.taken[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 OK"


class Site:
    """The product with a mail server; neither is there again for each test."""

    def __init__(self, folder: Path, simulator: Simulator, office: PostOffice, port: int) -> None:
        self.office, self._database = office, folder / "pairline.sqlite3"
        self.product = Product(folder, simulator, EMAIL_URL=f"smtp://127.0.0.1:{port}")
        self.product.manage("shell", "-c", WRITE)

    def ask(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self._database, timeout=20)) as connection, connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, office, port = tmp_path_factory.mktemp("mails"), PostOffice(), free_port()
    controller = Controller(office, hostname="127.0.0.1", port=port)
    simulator = Simulator(folder)
    controller.start()
    running = Site(folder, simulator, office, port)
    yield running
    running.product.close()
    simulator.stop()
    office.hangs = False
    controller.stop()


def test_nothing_is_lost_when_the_mail_server_hangs_and_the_sender_is_killed(site: Site) -> None:
    office, product = site.office, site.product
    office.hangs = True
    product.start("--no-gateway")
    wait_for(lambda: office.hanging >= CONNECTIONS, "mails under way")

    began = time.monotonic()
    assert product.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 10

    office.hangs = False
    site.ask(FREE)
    product.start("--no-gateway")
    wait_for(lambda: len(office.taken) >= MAILS // 4, "the first mails")
    product.stop(signal.SIGKILL)
    assert len(office.taken) < MAILS

    site.ask(FREE)
    product.start("--no-gateway")
    wait_for(lambda: site.ask(LEFT) == [(0,)], "the last outcome")
    assert len(office.taken) == MAILS
    twice = [count for count in office.taken.values() if count > 1]
    assert len(twice) <= CONNECTIONS
