"""Reach HTTPS proxies at the address that was checked.

The library and the check dial an HTTPS proxy by its name, which its certificate is for, and the
name may resolve to another address by then. They dial a relay on this machine instead, as a plain
HTTP proxy. The relay connects to the checked address, with TLS for the name.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from uuid import UUID

from core.security.tls import context_off_the_loop
from sessions_app.engine.proxy_url import ProxyAddress

CONNECT_SECONDS = 10.0
_CHUNK = 64 * 1024
_RELAYS_OF_A_SESSION = 2  # of its present client, and of the one that is starting


class TlsRelay:
    """A listener on loopback whose connections go on to an HTTPS proxy at ``ip``. It adds no login:
    the client sends that."""

    def __init__(self, proxy: ProxyAddress, ip: str, ca_file: str | None = None) -> None:
        """With ``ca_file``, only that certificate authority is trusted."""
        self.ip = ip
        self._proxy, self._ca_file = proxy, ca_file
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_CHUNK)

    def leads_to(self, proxy: ProxyAddress) -> bool:
        """Return whether its connections go to the host and port of ``proxy``."""
        return (self._proxy.host, self._proxy.port) == (proxy.host, proxy.port)

    def address(self, proxy: ProxyAddress) -> ProxyAddress:
        """Return how to reach ``proxy`` through this relay, with its login."""
        assert self._server is not None  # noqa: S101  # it has been started
        port = self._server.sockets[0].getsockname()[1]
        return ProxyAddress("http", "127.0.0.1", port, proxy.user, proxy.password)

    def close(self) -> None:
        """Stop listening and cut its connections."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                far_reader, far_writer = await asyncio.open_connection(
                    self.ip,
                    self._proxy.port,
                    ssl=await context_off_the_loop(self._ca_file),
                    server_hostname=self._proxy.host,
                    limit=_CHUNK,
                )
            try:
                await _pass_both_ways(reader, writer, far_reader, far_writer)
            finally:
                far_writer.transport.abort()
        except (OSError, EOFError):  # the client sees that its connection ends
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


async def _pass_both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Copy until one side ends."""
    ways = [
        asyncio.create_task(_copy(reader, far_writer)),
        asyncio.create_task(_copy(far_reader, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


class TlsRelays:
    """The relays of sessions, for use on one event loop."""

    def __init__(self, ca_file: str | None = None) -> None:
        self._ca_file = ca_file
        self._relays: dict[UUID, list[TlsRelay]] = {}

    async def through(self, session: UUID, proxy: ProxyAddress, ip: str) -> ProxyAddress:
        """Return the address at which ``session`` reaches the HTTPS ``proxy`` at ``ip``."""
        relays = self._relays.setdefault(session, [])
        for relay in relays:
            if relay.leads_to(proxy):
                relay.ip = ip
                return relay.address(proxy)
        relay = TlsRelay(proxy, ip, self._ca_file)
        await relay.start()
        relays.append(relay)
        while len(relays) > _RELAYS_OF_A_SESSION:
            relays.pop(0).close()
        return relay.address(proxy)

    def close(self, sessions: Iterable[UUID]) -> None:
        """Close the relays of ``sessions``, which have ended."""
        for session in sessions:
            for relay in self._relays.pop(session, []):
                relay.close()
