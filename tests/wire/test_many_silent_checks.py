"""Checks of silent proxies by many customers leave connections to everyone else."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.servers import start_postgres
from tests.wire.product import Product, Simulator, wait_for

ACCOUNTS = 7  # with two checks at once each: more than the pool's 12 connections
_CREATE = f"""
import json
from core import tenancy
from locations.models import ApiKey
from tests.factory import make_account, make_location, make_session
with tenancy.everyone():
    made = []
    for number in range({ACCOUNTS}):
        account = make_account(f"Account {{number}}")
        session = make_session(make_location(account), status="disconnected", reason="qr_expired")
        made.append([ApiKey.issue(account, "ours")[1], str(session.pk)])
print("made", json.dumps(made))
"""


@pytest.fixture
def product(tmp_path: Path, simulator: Simulator) -> Iterator[Product]:
    """The product on PostgreSQL."""
    with ExitStack() as ending:
        tmp_path.chmod(0o711)
        server = start_postgres(tmp_path / "postgres")
        ending.callback(server.cleanup)
        running = Product(tmp_path, simulator, DATABASE_URL=server.get_uri())
        ending.callback(running.close)
        yield running.start()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        listener.settimeout(60)
        yield listener


def code_comes_first(product: Product, silent: socket.socket, made: list[Any]) -> bool:
    """Whether a new code comes while all the checks of silent proxies are still waiting."""
    proxy = {"scheme": "socks5", "host": "127.0.0.1", "port": silent.getsockname()[1]}
    answers: list[int] = []

    def check(key: str, session: str) -> None:
        answers.append(product.api("PUT", f"sessions/{session}/proxy/", proxy, key)[0])

    checks = [threading.Thread(target=check, args=one) for one in 2 * made]
    for one in checks:
        one.start()
    waiting = [silent.accept()[0] for _ in checks]
    product.until(product.create_session(), status="qr")
    was_first = not answers
    for connection in waiting:
        connection.close()
    wait_for(lambda: len(answers) == len(checks), "the answers")
    assert set(answers) == {400}
    return was_first


def test_it_serves_others_while_proxies_are_silent(product: Product, silent: socket.socket) -> None:
    output = product.manage("shell", "-v0", "-c", _CREATE).stdout
    made = json.loads(output.split("made ")[1])

    # A check ends after ten seconds, which a loaded machine may need once.
    assert any(code_comes_first(product, silent, made) for _ in range(2))
