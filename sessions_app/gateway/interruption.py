"""Give up a wait when the customer wants something else meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Interrupted(Exception):
    """The wait was given up."""


async def unless_interrupted(
    waiting: Coroutine[Any, Any, Result],
    hint: asyncio.Event,
    must_stop: Callable[[], Awaitable[bool]],
) -> Result:
    """Return the result of ``waiting``. At each ``hint``, ``must_stop`` clears it and decides.

    Raises Interrupted after cancelling ``waiting``, or whatever one of the two raises."""
    task = asyncio.create_task(waiting)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # never unretrieved
    try:
        while not task.done():
            hinted = asyncio.create_task(hint.wait())
            try:
                await asyncio.wait({task, hinted}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                hinted.cancel()
            if hint.is_set() and not task.done() and await must_stop():
                raise Interrupted
        return task.result()
    finally:
        task.cancel()
