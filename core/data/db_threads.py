"""Dedicated threads for database transactions started from asyncio code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from django.db import InterfaceError, OperationalError, connection, connections

from core import tenancy
from core.data.direct_connection import use_direct_connection
from core.data.errors import DatabaseUnavailable

Result = TypeVar("Result")
SERVER_THREADS = 4


class Run(Protocol):
    """Run a synchronous function in a thread, without blocking the event loop.

    ``Transactions.run`` is the implementation; the function is then one whole transaction.
    """

    def __call__(self, function: Callable[[], Result], /) -> Awaitable[Result]: ...


def call_as_transaction(function: Callable[[], Result]) -> Result:
    """Return the result of ``function``, one whole transaction over the rows of all accounts.

    Raises DatabaseUnavailable, or whatever ``function`` raises.
    """
    # Threads of Transactions live as long as the process, and so may their connections: opening
    # one per transaction costs more than most transactions do (measured). After a failure the next
    # transaction opens a new connection.
    try:
        with tenancy.everyone():  # background work serves the rows of all accounts
            return function()
    except (OperationalError, InterfaceError) as error:
        connections.close_all()
        raise DatabaseUnavailable(str(error)) from error


class Transactions:
    """Runs synchronous functions on a few threads with database connections of their own.

    SQLite gets a single thread: it takes one writer at a time, and writers that collide sleep
    before they retry, for longer than a transaction takes (0.8 ms, measured).
    """

    def __init__(self, name: str = "gateway") -> None:
        """``name`` begins the names of the threads."""
        threads = 1 if connection.vendor == "sqlite" else SERVER_THREADS
        self._executor = ThreadPoolExecutor(threads, f"{name}-db", use_direct_connection)

    async def run(self, function: Callable[[], Result]) -> Result:
        """Return the result of ``function``, which is one whole transaction.

        Raises DatabaseUnavailable, or whatever ``function`` raises.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, call_as_transaction, function
        )
