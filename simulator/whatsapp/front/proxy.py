"""An HTTP CONNECT and SOCKS5 proxy that connects every host name to the TLS listener."""

from __future__ import annotations

import asyncio
import socket
import struct
from enum import StrEnum

from simulator.whatsapp.event_log import EventLog
from simulator.whatsapp.faults.standing import Faults
from simulator.whatsapp.front.proxy_protocols import (
    HttpConnect,
    LoginRejected,
    ProxyAccess,
    ProxyError,
    Socks5,
    Tunnel,
)

CHUNK = 64 * 1024
GREETING_SECONDS = 10.0
STOP_SECONDS = 2.0

Tunnels = dict[int, Tunnel]
"""The open tunnels, by the local port of their connection to the listener."""


class ProxyState(StrEnum):
    """The behavior of a proxy."""

    OPEN = "open"  # works
    BLOCKED = "blocked"  # answers, but refuses every tunnel
    SILENT = "silent"  # accepts connections and never answers
    DEAD = "dead"  # does not listen, and has cut its open connections


class Proxy:
    """A proxy on loopback that records its open tunnels in ``tunnels``."""

    def __init__(
        self, faults: Faults, log: EventLog, tunnels: Tunnels, access: ProxyAccess | None = None
    ) -> None:
        """Without ``access`` this is the front proxy, which refuses dials during an outage."""
        self._faults = faults
        self._log = log
        self._tunnels = tunnels
        self.access = access or ProxyAccess()
        self.state = ProxyState.OPEN
        self.port = 0
        self.dials = 0
        self._server: asyncio.Server | None = None
        self._upstream = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, upstream_port: int) -> int:
        """Listen on a free loopback port (after a stop: on the same one) and return it. Tunnels
        connect to ``upstream_port``."""
        self._upstream = upstream_port
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def set_state(self, state: ProxyState) -> None:
        """Change the behavior, and stop or restart the listener if needed."""
        was_dead, self.state = self.state is ProxyState.DEAD, state
        if state is ProxyState.DEAD:
            await self.stop()
        elif was_dead:
            await self.start(self._upstream)

    async def stop(self) -> None:
        """Stop listening and cut all connections."""
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
            await self._dial(reader, writer)
        except LoginRejected:
            self._log_dial(None, "login")
        except (OSError, EOFError, ProxyError, asyncio.LimitOverrunError, TimeoutError):
            pass  # a broken dial only affects its own client
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _dial(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dials += 1
        is_front = self.access.name is None
        if is_front and self._faults.refuses("tcp", None):
            _reset(writer)
            return
        if self.state is ProxyState.SILENT:
            self._log_dial(None, "silent")
            await reader.read(-1)
            return
        async with asyncio.timeout(GREETING_SECONDS):
            first = await reader.readexactly(1)
            protocol = Socks5 if first == b"\x05" else HttpConnect
            tunnel = await protocol.handshake(first, reader, writer, self.access)
        how = self._refused_layer(tunnel)
        self._log_dial(tunnel, how)
        if how == "tcp":
            _reset(writer)
        elif how == "proxy":
            await protocol.refuse(writer)
        else:
            await protocol.accept(writer)
            if how == "tls":
                writer.write(b"HTTP/1.1 400 not TLS\r\n\r\n")
                await writer.drain()
            else:
                await self._pipe(tunnel, reader, writer)

    def _refused_layer(self, tunnel: Tunnel) -> str:
        """Return the layer at which to refuse the dial, or ""."""
        outage = self.access.name is not None and self._faults.outage
        if self.state is ProxyState.BLOCKED or outage:
            return "proxy"
        layers = ("tcp", "proxy", "tls")
        return next((how for how in layers if self._faults.refuses(how, tunnel.user)), "")

    def _log_dial(self, tunnel: Tunnel | None, refused: str) -> None:
        self._log.add(
            "dial",
            target=tunnel.target if tunnel else None,
            proxy=self.access.name,
            proxy_user=tunnel.user if tunnel else None,
            refused=refused or None,
        )

    async def _pipe(
        self, tunnel: Tunnel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(
            "127.0.0.1", self._upstream, limit=CHUNK
        )
        port: int = inner_writer.get_extra_info("sockname")[1]
        self._tunnels[port] = tunnel
        try:
            outward = asyncio.create_task(_copy(inner_reader, writer))
            await asyncio.wait(
                {outward, asyncio.create_task(_copy(reader, inner_writer))},
                return_when=asyncio.ALL_COMPLETED,
            )
        finally:
            del self._tunnels[port]
            inner_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side closes or resets, then do the same to the other side."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.close()
    except OSError:
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close the connection with a TCP reset."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and not writer.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
