"""The channel layer of several processes: groups in the memory of each, connected by Redis.

It carries hints only, which may be lost. A hint reaches the members within this process at once,
whatever Redis does, and those of other processes through one topic of Redis, to which each
process listens. So joining a group never waits for Redis, and nothing here raises if it is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

import redis
import redis.asyncio

from core.data.redis_state import FAILURES, RETRY_SECONDS, RedisState, client_options, state_of

Message = Mapping[str, Any]
FIRST_SECONDS = 1.0  # for the first connection to Redis
_WAITING_MESSAGES = 1000  # of one channel; more are dropped
_LISTEN_SECONDS = 5.0


class _Members:
    """The channels and groups of one event loop, and its connection that listens to Redis."""

    def __init__(self, url: str, topic: str, state: RedisState) -> None:
        self.origin = uuid4().hex
        self.channels: dict[str, asyncio.Queue[Message]] = {}
        self.groups: defaultdict[str, set[str]] = defaultdict(set)
        self._url, self._topic, self._state = url, topic, state
        self._listener: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()

    async def add_channel(self) -> str:
        channel = f"specific.{uuid4().hex}"
        self.channels[channel] = asyncio.Queue(_WAITING_MESSAGES)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="hints from Redis")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                await self._tried.wait()
        return channel

    def remove_channel(self, channel: str) -> None:
        self.channels.pop(channel, None)
        for group in [name for name, members in self.groups.items() if channel in members]:
            self.leave(group, channel)

    def leave(self, group: str, channel: str) -> None:
        members = self.groups.get(group, set())
        members.discard(channel)
        if not members:
            self.groups.pop(group, None)

    def deliver(self, group: str, message: Message) -> None:
        """Give ``message`` to the members of ``group``, or to the channel of that name."""
        for channel in tuple(self.groups.get(group, ())) or (group,):
            if (queue := self.channels.get(channel)) is not None:
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait(message)

    async def _listen(self) -> None:
        options = {**client_options(retries=0), "health_check_interval": 2 * _LISTEN_SECONDS}
        while True:
            client = redis.asyncio.Redis.from_url(self._url, **options)
            try:
                async with client, client.pubsub() as pubsub:
                    await pubsub.subscribe(self._topic)
                    while True:
                        self._take(await pubsub.get_message(timeout=_LISTEN_SECONDS))
            except FAILURES as error:
                self._state.failed(error)
            self._tried.set()
            await asyncio.sleep(RETRY_SECONDS)

    def _take(self, received: Mapping[str, Any] | None) -> None:
        if received is None:
            return
        self._state.answered()
        if received["type"] == "subscribe":
            self._tried.set()
        elif received["type"] == "message":
            origin, group, message = json.loads(received["data"])
            if origin != self.origin:
                self.deliver(group, message)


class HintLayer:
    """A channel layer of Channels. ``prefix`` separates installations that share a server."""

    extensions = ("groups", "flush")

    def __init__(self, url: str, prefix: str) -> None:
        self._url, self._topic = url, f"{prefix}.hints"
        self._state = state_of(url)
        self._publisher = redis.Redis.from_url(url, **client_options())
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Members] = WeakKeyDictionary()

    @property
    def _members(self) -> _Members:
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            self._loops[loop] = _Members(self._url, self._topic, self._state)
        return self._loops[loop]

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Return the name of a new channel of this process."""
        return await self._members.add_channel()

    async def receive(self, channel: str) -> Message:
        """Wait for the next message of ``channel``. A receiver that is cancelled ends it."""
        try:
            return await self._members.channels[channel].get()
        except (asyncio.CancelledError, GeneratorExit):
            self._members.remove_channel(channel)
            raise

    async def send(self, channel: str, message: Message) -> None:
        """Send ``message`` to a channel through Redis. Raises one of ``FAILURES``: this is how
        diagnostics find out whether Redis answers."""
        await asyncio.to_thread(self._publish, "", channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        self._members.groups[group].add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self._members.leave(group, channel)

    async def group_send(self, group: str, message: Message) -> None:
        """Send ``message`` to the members of ``group``, in other processes if Redis answers."""
        members = self._members
        members.deliver(group, message)
        await asyncio.to_thread(self._try_to_publish, members.origin, group, message)

    async def flush(self) -> None:
        """Forget all channels and groups of this event loop."""
        self._members.channels.clear()
        self._members.groups.clear()

    def _try_to_publish(self, origin: str, group: str, message: Message) -> None:
        if not self._state.available:
            return
        try:
            self._publish(origin, group, message)
        except FAILURES as error:
            self._state.failed(error)
        else:
            self._state.answered()

    def _publish(self, origin: str, group: str, message: Message) -> None:
        self._publisher.publish(self._topic, json.dumps([origin, group, dict(message)]))
