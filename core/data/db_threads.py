"""Dedicated threads for database transactions started from asyncio code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, connections

from core import tenancy
from core.data.errors import StoreUnavailable

Result = TypeVar("Result")
_SERVER_THREADS = 4


class Transactions:
    """Runs synchronous functions on a few threads with database connections of their own.

    One thread on SQLite: it takes one writer at a time, and those that meet sleep before they
    try again, longer than a transaction takes (0.8 ms, measured)."""

    def __init__(self) -> None:
        threads = 1 if connection.vendor == "sqlite" else _SERVER_THREADS
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="gateway-db")

    async def run(self, function: Callable[[], Result]) -> Result:
        """The result of ``function``, which is one whole transaction. Raises StoreUnavailable
        when the database does not answer, or what ``function`` raises."""
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, self._call, function
        )

    @staticmethod
    def _call(function: Callable[[], Result]) -> Result:
        # These few threads live as long as the gateway, so their connections may, too: opening
        # one for each transaction costs more than most transactions (measured). After any
        # failure the next one gets a fresh connection.
        try:
            with tenancy.everyone():  # a gateway serves the sessions of all accounts
                return function()
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            raise StoreUnavailable(str(error)) from error
