"""Run slow work in a thread of its own, so that a shutdown does not have to wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

from core.data.direct_connection import use_direct_connection

Result = TypeVar("Result")


class ThreadEnded(Exception):
    """The function ended its thread, by SystemExit for example, instead of raising an error."""


async def run_in_own_thread(function: Callable[[], Result]) -> Result:
    """Return the result of ``function``, called in a new daemon thread.

    The thread has a database connection of its own, not from the pool, which is closed
    afterwards. Unlike the threads of a pool it does not keep the process alive: at exit, it is cut
    off. A cancelled caller stops waiting; the thread goes on. Raises whatever ``function`` raises.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def resolve(result: Result | None, error: Exception | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only if Result is

    def work() -> None:
        result, error = None, None
        try:
            use_direct_connection()
            result = function()
        except Exception as raised:
            error = raised
        except BaseException as raised:
            # Passed on as it is, it would end the event loop, and the server with it.
            error = ThreadEnded(type(raised).__name__)
        finally:
            connections.close_all()
        if not loop.is_closed():
            loop.call_soon_threadsafe(resolve, result, error)

    threading.Thread(target=work, name="own-thread", daemon=True).start()
    return await future
