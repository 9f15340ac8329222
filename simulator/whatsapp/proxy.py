"""The front door: an HTTP CONNECT and SOCKS5 proxy that leads every host to the TLS listener."""

from __future__ import annotations

import asyncio
import base64
import binascii
import socket
import struct
from dataclasses import dataclass

from simulator.whatsapp.events import EventLog
from simulator.whatsapp.faults import Faults

CHUNK = 64 * 1024
GREETING_SECONDS = 10.0
STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Passage:
    """Who came through the proxy, and where they wanted to go."""

    user: str | None
    target: str


class ProxyError(Exception):
    """The client does not speak a proxy protocol that is understood here."""


class Proxy:
    """Listens on loopback. `passages` maps the local port of each pipe to who came through it."""

    def __init__(self, faults: Faults, log: EventLog) -> None:
        self._faults = faults
        self._log = log
        self._server: asyncio.Server | None = None
        self._upstream = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.passages: dict[int, Passage] = {}

    async def start(self, upstream_port: int) -> int:
        """Listen on a free loopback port and return it; pipes lead to `upstream_port`."""
        self._upstream = upstream_port
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=CHUNK)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening and drop every pipe."""
        if self._server is not None:
            self._server.close()
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
        except (OSError, EOFError, ProxyError, asyncio.LimitOverrunError, TimeoutError):
            pass  # one client's broken dial is nobody else's business
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.refusal("tcp", None):
            _reset(writer)
            return
        async with asyncio.timeout(GREETING_SECONDS):
            dialect = _Socks if (first := await reader.readexactly(1)) == b"\x05" else _Connect
            passage = await dialect.greet(first, reader, writer)
        how = next(
            (h for h in ("tcp", "proxy", "tls") if self._faults.refusal(h, passage.user)), ""
        )
        self._log.add("dial", target=passage.target, proxy_user=passage.user, refused=how or None)
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

    async def _pipe(
        self, passage: Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(
            "127.0.0.1", self._upstream, limit=CHUNK
        )
        port: int = inner_writer.get_extra_info("sockname")[1]
        self.passages[port] = passage
        try:
            outward = asyncio.create_task(_copy(inner_reader, writer))
            await asyncio.wait(
                {outward, asyncio.create_task(_copy(reader, inner_writer))},
                return_when=asyncio.ALL_COMPLETED,
            )
        finally:
            del self.passages[port]
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


class _Connect:
    """HTTP CONNECT, with an optional Basic user."""

    @staticmethod
    async def greet(
        first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Passage:
        head = first + await reader.readuntil(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        words = line.split(" ")
        if len(words) < 3 or words[0] != "CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            raise ProxyError("only CONNECT is served")
        return Passage(_basic_user(headers), words[1])

    @staticmethod
    async def accept(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()

    @staticmethod
    async def refuse(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()


def _basic_user(headers: list[str]) -> str | None:
    for header in headers:
        name, _, value = header.partition(":")
        if name.strip().lower() == "proxy-authorization":
            scheme, _, token = value.strip().partition(" ")
            if scheme.lower() != "basic":
                return None
            try:
                return base64.b64decode(token).decode("utf-8", "replace").partition(":")[0]
            except (binascii.Error, ValueError):
                return None
    return None


class _Socks:
    """SOCKS5 (RFC 1928) with no login or user and password (RFC 1929)."""

    @staticmethod
    async def greet(
        first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Passage:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        user = None
        if 2 in methods:
            writer.write(b"\x05\x02")
            user = await _Socks._login(reader)
            writer.write(b"\x01\x00")
        else:
            writer.write(b"\x05\x00")
        return Passage(user, await _Socks._target(reader))

    @staticmethod
    async def _login(reader: asyncio.StreamReader) -> str:
        await reader.readexactly(1)
        user = await reader.readexactly((await reader.readexactly(1))[0])
        await reader.readexactly((await reader.readexactly(1))[0])
        return user.decode("utf-8", "replace")

    @staticmethod
    async def _target(reader: asyncio.StreamReader) -> str:
        _, command, _, kind = await reader.readexactly(4)
        if command != 1:
            raise ProxyError("only SOCKS5 CONNECT is served")
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("latin-1")
        else:
            family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, await reader.readexactly(size))
        return f"{host}:{int.from_bytes(await reader.readexactly(2), 'big')}"

    @staticmethod
    async def accept(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await writer.drain()

    @staticmethod
    async def refuse(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x05\x01\x00\x01" + bytes(6))
        await writer.drain()
