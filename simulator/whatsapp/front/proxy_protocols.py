"""The server side of two proxy protocols, HTTP CONNECT and SOCKS5, with optional logins."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import socket
from dataclasses import dataclass, field


class ProxyError(Exception):
    """The client does not use a supported proxy protocol."""


class LoginRejected(Exception):
    """The client's login is wrong. The response has been sent."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A connection through a proxy. ``proxy`` is the proxy's name, None for the front proxy."""

    user: str | None
    target: str
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class ProxyAccess:
    """The name of a proxy, and the login that it requires. Without a user it requires none."""

    name: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def accepts(self, user: str | None, password: str | None) -> bool:
        """Return whether a login is correct."""
        if self.user is None:
            return True
        expected = f"{self.user}:{self.password or ''}".encode()
        return hmac.compare_digest(expected, f"{user or ''}:{password or ''}".encode())


class HttpConnect:
    """HTTP CONNECT, with optional Basic authentication."""

    @staticmethod
    async def handshake(
        first: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        access: ProxyAccess,
    ) -> Tunnel:
        head = first + await reader.readuntil(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        words = line.split(" ")
        if len(words) < 3 or words[0] != "CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            raise ProxyError("only CONNECT is supported")
        user, password = _basic_login(headers)
        if not access.accepts(user, password):
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n'
            )
            await writer.drain()
            raise LoginRejected
        return Tunnel(user, words[1], access.name)

    @staticmethod
    async def accept(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()

    @staticmethod
    async def refuse(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()


def _basic_login(headers: list[str]) -> tuple[str | None, str | None]:
    for header in headers:
        name, _, value = header.partition(":")
        if name.strip().lower() == "proxy-authorization":
            scheme, _, token = value.strip().partition(" ")
            if scheme.lower() != "basic":
                return None, None
            try:
                login = base64.b64decode(token).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return None, None
            user, _, password = login.partition(":")
            return user, password
    return None, None


class Socks5:
    """SOCKS5 (RFC 1928), with optional user and password (RFC 1929)."""

    @staticmethod
    async def handshake(
        first: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        access: ProxyAccess,
    ) -> Tunnel:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        user = password = None
        if 2 in methods:
            writer.write(b"\x05\x02")
            user, password = await Socks5._login(reader)
        accepted = access.accepts(user, password)
        if 2 in methods:
            writer.write(b"\x01\x00" if accepted else b"\x01\x01")
        else:
            writer.write(b"\x05\x00" if accepted else b"\x05\xff")
        if not accepted:
            await writer.drain()
            raise LoginRejected
        return Tunnel(user, await Socks5._target(reader), access.name)

    @staticmethod
    async def _login(reader: asyncio.StreamReader) -> tuple[str, str]:
        await reader.readexactly(1)
        user = await reader.readexactly((await reader.readexactly(1))[0])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        return user.decode("utf-8", "replace"), password.decode("utf-8", "replace")

    @staticmethod
    async def _target(reader: asyncio.StreamReader) -> str:
        _, command, _, kind = await reader.readexactly(4)
        if command != 1:
            raise ProxyError("only SOCKS5 CONNECT is supported")
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
