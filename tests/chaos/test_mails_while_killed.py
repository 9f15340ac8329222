"""A process is killed while it sends mails: none is lost, and hardly any arrives twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.wire.product import PATIENCE_SECONDS, PROJECT, free_port, wait_for

MAILS = 200
CONNECTIONS = 4  # of one process: each may leave one mail with an unknown outcome
# Expires all claims.
FREE = "UPDATE notifications_mail SET next_attempt_at = created_at WHERE state = 'waiting'"
LEFT = "SELECT count(*) FROM notifications_mail WHERE state != 'sent'"


class PostOffice:
    """An SMTP handler that counts mails by Message-ID, and can stop responding."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: Counter[str] = Counter()
        self.hangs = False
        self.hanging = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.hanging += 1
        try:
            while self.hangs:  # noqa: ASYNC110  another thread releases it
                await asyncio.sleep(0.05)
        finally:
            self.hanging -= 1
        await asyncio.sleep(0.01)  # as over a network, so that a kill hits one in progress
        self.taken[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 OK"


class Outbox:
    """A database with mails, and the process that sends them."""

    def __init__(self, folder: Path, port: int) -> None:
        self._database = folder / "pairline.sqlite3"
        self._environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SECRET_KEY": "test-only-" + "x" * 50,
            "DJANGO_DEBUG": "true",
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{self._database}",
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        }
        self._process: subprocess.Popen[bytes] | None = None
        assert self._run("prepare", str(MAILS)).wait(PATIENCE_SECONDS) == 0

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.mailing", *arguments],
            cwd=PROJECT,
            env=self._environment,
        )

    def start(self) -> None:
        self._process = self._run("send")

    def stop(self, number: int) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGKILL)

    def ask(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self._database, timeout=20)) as connection, connection:
            return connection.execute(statement).fetchall()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    running = PostOffice(free_port())
    controller = Controller(running, hostname="127.0.0.1", port=running.port)
    controller.start()
    yield running
    running.hangs = False
    controller.stop()


@pytest.fixture
def outbox(tmp_path: Path, office: PostOffice) -> Iterator[Outbox]:
    made = Outbox(tmp_path, office.port)
    yield made
    made.close()


def test_it_loses_no_mail_when_server_and_worker_fail(office: PostOffice, outbox: Outbox) -> None:
    office.hangs = True
    outbox.start()
    wait_for(lambda: office.hanging >= CONNECTIONS, "mails under way")

    began = time.monotonic()
    assert outbox.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 10

    office.hangs = False
    outbox.ask(FREE)
    outbox.start()
    wait_for(lambda: len(office.taken) >= MAILS // 4, "the first mails")
    outbox.stop(signal.SIGKILL)
    assert len(office.taken) < MAILS

    outbox.ask(FREE)
    outbox.start()
    wait_for(lambda: outbox.ask(LEFT) == [(0,)], "the last outcome")
    assert len(office.taken) == MAILS
    twice = [count for count in office.taken.values() if count > 1]
    assert len(twice) <= CONNECTIONS
