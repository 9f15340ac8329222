"""Back pressure of HTTP responses, which Daphne does not pass on to the application.

Daphne buffers whatever the application sends, as fast as it comes: a client that does not read a
download would have the whole file in the memory of this process. A download therefore waits for
``ResponseFlow.drained`` before each of its chunks.
"""

from __future__ import annotations

import asyncio
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

# A client has to read 64 KB in this time; what the system buffers comes on top.
STALLED_SECONDS = 30.0
MAX_SECONDS = 2 * 3_600.0  # for a whole download


@implementer(IPushProducer)
class ResponseFlow:
    """Whether the client of ``request`` (Twisted's) keeps up with its response.

    The transport pauses it with more than 64 KB in its buffer, and resumes it with an empty one.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._registered = False
        self._until = 0.0
        self._may_write = asyncio.Event()
        self._may_write.set()

    async def drained(self) -> bool:
        """Wait until the client has read enough for another chunk. A client that reads nothing for
        ``STALLED_SECONDS``, or is not done ``MAX_SECONDS`` after the first call, is disconnected.
        Return False if no one reads the response any more."""
        channel = self._request.channel
        if channel is None:
            return False
        if not self._registered:
            self._register()
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(now + STALLED_SECONDS, self._until)):
                await self._may_write.wait()
        except TimeoutError:
            channel.transport.abortConnection()
            return False
        return self._request.channel is not None

    def _register(self) -> None:
        self._registered = True
        self._until = asyncio.get_running_loop().time() + MAX_SECONDS
        self._request.registerProducer(self, True)

    def pauseProducing(self) -> None:
        self._may_write.clear()

    def resumeProducing(self) -> None:
        self._may_write.set()

    def stopProducing(self) -> None:
        """Called when the connection is lost."""
        self._may_write.set()

    def end(self) -> None:
        """End the response's part of the flow, before the request is finished."""
        if self._registered:
            self._registered = False
            self._request.unregisterProducer()
