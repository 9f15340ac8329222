"""The front door: an HTTP CONNECT and SOCKS5 proxy that leads every host to the TLS listener."""

from __future__ import annotations

import asyncio
import socket
import struct
from enum import StrEnum

from simulator.whatsapp.events import EventLog
from simulator.whatsapp.faults import Faults
from simulator.whatsapp.proxy_dialects import (
    Connect,
    Gate,
    NotAdmitted,
    Passage,
    ProxyError,
    Socks,
)

CHUNK = 64 * 1024
GREETING_SECONDS = 10.0
STOP_SECONDS = 2.0


Passages = dict[int, Passage]
"""The local port of each pipe to the listener, and who came through it."""


class Mood(StrEnum):
    """How a proxy is just now."""

    OPEN = "open"  # it works
    BLOCKED = "blocked"  # it answers, but leads nowhere
    SILENT = "silent"  # it takes connections and says nothing
    DEAD = "dead"  # nothing listens, and what was open is cut


class Proxy:
    """Listens on loopback and notes in ``passages`` who comes through."""

    def __init__(
        self, faults: Faults, log: EventLog, passages: Passages, gate: Gate | None = None
    ) -> None:
        """Without a ``gate`` it is the front door, which the faults of stage `dial` hit."""
        self._faults = faults
        self._log = log
        self._passages = passages
        self.gate = gate or Gate()
        self.mood = Mood.OPEN
        self.port = 0
        self.dials = 0
        self._server: asyncio.Server | None = None
        self._upstream = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, upstream_port: int) -> int:
        """Listen on a free loopback port (the same one again after a stop) and return it; pipes
        lead to `upstream_port`."""
        self._upstream = upstream_port
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def be(self, mood: Mood) -> None:
        """Be in this mood from now on."""
        died, revived = mood is Mood.DEAD, self.mood is Mood.DEAD and mood is not Mood.DEAD
        self.mood = mood
        if died:
            await self.stop()
        elif revived:
            await self.start(self._upstream)

    async def stop(self) -> None:
        """Stop listening and drop every pipe."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._pass(reader, writer)
        except NotAdmitted:
            self._note(None, "login")
        except (OSError, EOFError, ProxyError, asyncio.LimitOverrunError, TimeoutError):
            pass  # one client's broken dial is nobody else's business
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dials += 1
        front_door = self.gate.name is None
        if front_door and self._faults.refusal("tcp", None):
            _reset(writer)
            return
        if self.mood is Mood.SILENT:
            self._note(None, "silent")
            await reader.read(-1)
            return
        async with asyncio.timeout(GREETING_SECONDS):
            dialect = Socks if (first := await reader.readexactly(1)) == b"\x05" else Connect
            passage = await dialect.greet(first, reader, writer, self.gate)
        how = self._how_refused(passage)
        self._note(passage, how)
        if how == "tcp":
            _reset(writer)
        elif how == "proxy":
            await dialect.refuse(writer)
        else:
            await dialect.accept(writer)
            if how == "tls":
                writer.write(b"HTTP/1.1 400 this is no TLS\r\n\r\n")
                await writer.drain()
            else:
                await self._pipe(passage, reader, writer)

    def _how_refused(self, passage: Passage) -> str:
        if self.mood is Mood.BLOCKED or (self.gate.name is not None and self._faults.outage):
            return "proxy"
        ways = ("tcp", "proxy", "tls")
        return next((how for how in ways if self._faults.refusal(how, passage.user)), "")

    def _note(self, passage: Passage | None, refused: str) -> None:
        self._log.add(
            "dial",
            target=passage.target if passage else None,
            proxy=self.gate.name,
            proxy_user=passage.user if passage else None,
            refused=refused or None,
        )

    async def _pipe(
        self, passage: Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(
            "127.0.0.1", self._upstream, limit=CHUNK
        )
        port: int = inner_writer.get_extra_info("sockname")[1]
        self._passages[port] = passage
        try:
            outward = asyncio.create_task(_copy(inner_reader, writer))
            await asyncio.wait(
                {outward, asyncio.create_task(_copy(reader, inner_writer))},
                return_when=asyncio.ALL_COMPLETED,
            )
        finally:
            del self._passages[port]
            inner_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends, then end the other the same way."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.close()
    except OSError:
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP reset instead of an orderly end."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and not writer.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
