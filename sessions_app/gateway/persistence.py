"""Writes that must not be lost while the database is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.data.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

RETRY_SECONDS = 1.0


async def persist(write: Callable[[], Awaitable[Result]]) -> Result:
    """Return the result of ``write``, repeating it while the database is away. Events queue up
    meanwhile; if it takes longer than the lease, the supervisor ends the session's actor."""
    while True:
        try:
            return await write()
        except DatabaseUnavailable:
            logger.warning("The database did not answer; trying again", exc_info=True)
            await asyncio.sleep(RETRY_SECONDS)
