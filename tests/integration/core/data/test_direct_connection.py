"""Requests, the gateway and the jobs cannot use up each other's database connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import connection, connections

from config.databases import WEB_CONNECTIONS
from core import tenancy
from core.background.own_thread import run_in_own_thread
from core.data.db_threads import SERVER_THREADS, Transactions
from locations.models import Account
from sessions_app.store.session_store import DatabaseSessionStore
from tests.factory import make_session
from tests.integration.at_once import on_its_own_connection, only_on_postgresql

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 15  # seconds; a pool without a free connection fails after 30


class Held:
    """Holds a number of connections until the end of the test."""

    def __init__(self, count: int) -> None:
        self._ready = threading.Barrier(count + 1)
        self._end = threading.Event()
        self._threads = ThreadPoolExecutor(count)
        for _ in range(count):
            self._threads.submit(on_its_own_connection, self._hold)
        self._ready.wait(60)

    def _hold(self) -> None:
        Account.objects.exists()
        self._ready.wait(60)
        self._end.wait(120)

    def release(self) -> None:
        self._end.set()
        self._threads.shutdown()


@pytest.fixture
def requests_with_every_connection() -> Iterator[None]:
    connection.close()  # the test's own one is from the pool, too
    # A new pool: threads of earlier tests may still have connections of the present one.
    cast("Any", connection).close_pool()
    held = Held(WEB_CONNECTIONS)
    yield
    held.release()


def _count() -> int:
    with tenancy.everyone():
        return int(Account.objects.count())


@only_on_postgresql
@pytest.mark.usefixtures("requests_with_every_connection")
async def test_it_reserves_connections_of_the_gateway() -> None:
    transactions = Transactions()

    every = [transactions.run(_count) for _ in range(2 * SERVER_THREADS)]

    assert await asyncio.wait_for(asyncio.gather(*every), PATIENCE) == [0] * 2 * SERVER_THREADS
    await _close(transactions)


@only_on_postgresql
@pytest.mark.usefixtures("requests_with_every_connection")
async def test_it_reserves_connections_of_the_jobs() -> None:
    every = [run_in_own_thread(_count) for _ in range(3)]

    assert await asyncio.wait_for(asyncio.gather(*every), PATIENCE) == [0] * 3


@only_on_postgresql
async def test_it_reserves_connections_of_requests() -> None:
    background, gate = [Transactions() for _ in range(4)], threading.Event()

    def hold() -> None:
        _count()
        gate.wait(60)

    holding = [asyncio.ensure_future(one.run(hold)) for one in background for _ in range(4)]
    held = await asyncio.wait_for(sync_to_async(Held, thread_sensitive=False)(11), PATIENCE)

    held.release()
    gate.set()
    await asyncio.gather(*holding)
    for transactions in background:
        await _close(transactions)


async def test_it_renews_beside_any_other_transaction() -> None:
    session = await database_sync_to_async(make_session)(lease_owner="one")
    transactions, gate = Transactions(), threading.Event()
    store = DatabaseSessionStore("one", "host", 1, transactions)
    busy = [asyncio.ensure_future(transactions.run(lambda: gate.wait(60))) for _ in range(20)]

    assert await asyncio.wait_for(store.renew(), PATIENCE) == {session.pk}

    assert not any(task.done() for task in busy)
    gate.set()
    await asyncio.gather(*busy)
    await _close(transactions)


@only_on_postgresql
@pytest.mark.usefixtures("requests_with_every_connection")
async def test_it_renews_without_a_connection_of_requests() -> None:
    store = DatabaseSessionStore("one", "host", 1, Transactions())

    assert await asyncio.wait_for(store.renew(), PATIENCE) == set()


async def _close(transactions: Transactions) -> None:
    """Close the connections of all threads, which would outlive the database of the tests."""
    threads = 1 if connection.vendor == "sqlite" else SERVER_THREADS
    together = threading.Barrier(threads)

    def close() -> None:
        connections.close_all()
        together.wait(60)

    await asyncio.gather(*(transactions.run(close) for _ in range(threads)))
