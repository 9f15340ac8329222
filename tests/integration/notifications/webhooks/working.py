"""Run the webhook worker on the thread and the connection of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from asgiref.sync import sync_to_async

from notifications.webhooks.dns_guard import look_up
from notifications.webhooks.http_client import Poster
from notifications.webhooks.worker import WebhookSender

Result = TypeVar("Result")
PATIENCE_SECONDS = 30.0


async def run(function: Callable[[], Result]) -> Result:
    return await sync_to_async(function)()


@asynccontextmanager
async def sending(looking_up: Any = look_up) -> AsyncIterator[None]:
    """Run a worker within the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(WebhookSender(run, Poster(look_up=looking_up)).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], Any], what: str) -> Any:
    """Return the first true result of ``condition``, which queries the database."""
    return await eventually(lambda: run(condition), what)


async def eventually(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + PATIENCE_SECONDS
    while not (found := await condition()):
        assert loop.time() < give_up_at, f"timed out waiting for {what}"
        await asyncio.sleep(0.02)  # the worker has no event to wait for
    return found
