"""One engine as the gateway sees it: a child process behind a socket pair.

Starts the process with its own environment, matches results to commands, delivers events to the
sessions' actors, and ends the process when it misses heartbeats or violates the protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sessions_app.engine import launch
from sessions_app.engine.engine_events import EngineEvent
from sessions_app.engine.protocol import (
    HEARTBEAT_SECONDS,
    MAX_LINE_BYTES,
    MISSED_HEARTBEATS,
    Command,
    EngineKind,
    ProtocolError,
    Signal,
    decode,
    encode,
    field,
)
from sessions_app.gateway import engine_log
from sessions_app.gateway.decisions.actor_events import ClientEvent, EngineEnded
from sessions_app.gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

_PROJECT = Path(__file__).resolve().parents[2]  # "python -m" finds the engine from here
HELLO_SECONDS = 20.0
SHUTDOWN_SECONDS = 4.0
LAST_WORDS_SECONDS = 0.5


class EngineGone(Exception):
    """The engine has ended. The command may or may not have been carried out."""


class EngineUnavailable(Exception):
    """No engine can be started. The text gives operators the cause."""


class CommandRefused(Exception):
    """The engine refused the command, with a ``code`` and one sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class CommandTimeout(Exception):
    """The engine is running but has not answered in time."""


EventHandler = Callable[[ClientEvent], None]


class EngineProcess:
    """Created by ``launch_engine``. ``ended`` is set once the process is gone."""

    def __init__(
        self,
        kind: EngineKind,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.kind = kind
        self.neonize = ""
        self.starts = 0
        self.rss_mb = 0.0
        self.retiring = False
        self.proxied = False  # whether its clients go through proxies of customers
        self.ended = asyncio.Event()
        self._process, self._reader, self._writer = process, reader, writer
        self._handlers: dict[str, EventHandler] = {}
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ids = itertools.count(1)
        self._hello: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._last_pong = asyncio.get_running_loop().time()
        self._tasks = [
            asyncio.create_task(self._read(), name=f"engine-{process.pid}-read"),
            asyncio.create_task(self._beat(), name=f"engine-{process.pid}-beat"),
        ]
        if process.stderr is not None:
            relay = engine_log.relay(process.stderr, process.pid)
            self._tasks.append(asyncio.create_task(relay, name=f"engine-{process.pid}-log"))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> int:
        """How many of its clients have a handler."""
        return len(self._handlers)

    async def hello(self) -> None:
        """Wait until the engine is ready. Raises EngineUnavailable with the cause."""
        try:
            message = await asyncio.wait_for(asyncio.shield(self._hello), HELLO_SECONDS)
        except (TimeoutError, EngineGone) as error:
            self.kill()
            raise EngineUnavailable(str(error) or "the engine did not start in time") from error
        except asyncio.CancelledError:
            self.kill()
            raise
        self.neonize = str(message.get("neonize", ""))

    def follow(self, run: str, handler: EventHandler) -> None:
        """Pass the events of ``run`` to ``handler``, which must only enqueue them."""
        self._handlers[run] = handler

    def forget(self, run: str) -> None:
        """Drop further events of ``run``."""
        self._handlers.pop(run, None)

    def silence(self) -> None:
        """Drop further events of all runs: the engine is being ended on purpose."""
        self._handlers.clear()

    def tell(self, command: Command, **fields: Any) -> None:
        """Send a command without waiting for its result. Does nothing if the engine has ended."""
        if not self.ended.is_set():
            self._writer.write(encode({"type": str(command), **fields}))

    async def ask(self, command: Command, seconds: float, **fields: Any) -> dict[str, Any]:
        """Send a command and return its result, waiting at most ``seconds``.

        Raises EngineGone, CommandTimeout, or CommandRefused with the engine's code."""
        if self.ended.is_set():
            raise EngineGone(f"engine {self.pid} has ended")
        identifier = str(next(self._ids))
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = future
        self._writer.write(encode({"type": str(command), "id": identifier, **fields}))
        try:
            result = await asyncio.wait_for(future, seconds)
        except TimeoutError as error:
            raise CommandTimeout(f"{command} was not answered in {seconds:g} s") from error
        finally:
            self._waiting.pop(identifier, None)
        if not result.get("ok"):
            raise CommandRefused(str(result.get("code", "other")), str(result.get("error", "")))
        return result

    def kill(self) -> None:
        """End the process at once. Its sessions get ``EngineEnded``."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def shutdown(self) -> None:
        """End the process gracefully within ``SHUTDOWN_SECONDS``, else kill it."""
        self.tell(Command.SHUTDOWN)
        try:
            await asyncio.wait_for(self.ended.wait(), SHUTDOWN_SECONDS)
        except TimeoutError:
            self.kill()
            await self.ended.wait()

    async def _read(self) -> None:
        cause = "it closed its side"
        try:
            while line := await self._reader.readline():
                self._dispatch(decode(line))
        except (ProtocolError, ValueError) as error:
            cause = f"it violated the protocol ({error})"
            self.kill()
            logger.error("An engine violated the protocol: ending it", extra={"pid": self.pid})
        except OSError as error:
            cause = str(error)
        finally:
            await self._end(cause)

    def _dispatch(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == Signal.EVENT:
            run, event = field(message, "run", str), EngineEvent.from_wire(message)
            handler = self._handlers.get(run)
            if handler is not None:
                handler(event.bounded(time.time()))
        elif kind == Signal.RESULT:
            future = self._waiting.get(field(message, "id", str))
            if future is not None and not future.done():
                future.set_result(message)
        elif kind == Signal.PONG:
            self._last_pong = asyncio.get_running_loop().time()
            self.rss_mb = float(field(message, "rss_mb", (int, float)))
        elif kind == Signal.HELLO:
            if not self._hello.done():
                self._hello.set_result(message)
        elif kind == Signal.FATAL:
            self._fail_hello(EngineGone(str(message.get("detail", "no detail"))))
        else:
            raise ProtocolError("a line of an unknown type")

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        patience = HEARTBEAT_SECONDS * MISSED_HEARTBEATS
        while not self.ended.is_set():
            self.tell(Command.PING, at=loop.time())
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if loop.time() - self._last_pong > patience:
                logger.error("An engine missed its heartbeats", extra={"pid": self.pid})
                self.kill()
                return

    async def _end(self, cause: str) -> None:
        with contextlib.suppress(TimeoutError):  # its own exit code is more useful than our kill
            await asyncio.wait_for(self._process.wait(), LAST_WORDS_SECONDS)
        self.kill()
        code = await self._process.wait()
        self.ended.set()
        gone = EngineGone(f"engine {self.pid} ended with code {code}: {cause}")
        self._fail_hello(gone)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(gone)
        for handler in list(self._handlers.values()):
            handler(EngineEnded())
        self._writer.close()
        self._tasks[1].cancel()

    def _fail_hello(self, error: EngineGone) -> None:
        if not self._hello.done():
            self._hello.set_exception(error)
            self._hello.exception()  # marks it as retrieved; ``hello`` reports it


async def launch_engine(kind: EngineKind, settings: GatewaySettings) -> EngineProcess:
    """Start an engine and wait until it is ready. Raises EngineUnavailable with the cause."""
    ours, theirs = socket.socketpair()
    try:
        state = launch.simulator_state(settings.simulator) if settings.simulator else None
        process = await asyncio.create_subprocess_exec(
            *launch.command(kind, theirs.fileno(), settings.log_level, settings.simulator),
            env=launch.environment(state, os.environ),
            cwd=_PROJECT,
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl+C on the terminal is the gateway's to handle
        )
        reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_LINE_BYTES)
    except (OSError, launch.SimulatorUnusable) as error:
        ours.close()
        raise EngineUnavailable(str(error)) from error
    finally:
        theirs.close()
    engine = EngineProcess(kind, process, reader, writer)
    await engine.hello()
    return engine
