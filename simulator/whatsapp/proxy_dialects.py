"""The two languages of proxies: HTTP CONNECT and SOCKS5, each with or without a login."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import socket
from dataclasses import dataclass, field


class ProxyError(Exception):
    """The client does not speak a proxy protocol that is understood here."""


class NotAdmitted(Exception):
    """The client's user and password are not those of the proxy, and it was told so."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Who came through a proxy, where they wanted to go, and which proxy: None is the front
    door."""

    user: str | None
    target: str
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Whom a proxy lets through: anybody, or who knows its user and password."""

    name: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def admits(self, user: str | None, password: str | None) -> bool:
        """Whether this login is the right one."""
        if self.user is None:
            return True
        known = f"{self.user}:{self.password or ''}".encode()
        return hmac.compare_digest(known, f"{user or ''}:{password or ''}".encode())


class Connect:
    """HTTP CONNECT, with an optional Basic user."""

    @staticmethod
    async def greet(
        first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate
    ) -> Passage:
        head = first + await reader.readuntil(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        words = line.split(" ")
        if len(words) < 3 or words[0] != "CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            raise ProxyError("only CONNECT is served")
        user, password = _basic_login(headers)
        if not gate.admits(user, password):
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n'
            )
            await writer.drain()
            raise NotAdmitted
        return Passage(user, words[1], gate.name)

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


class Socks:
    """SOCKS5 (RFC 1928) with no login or user and password (RFC 1929)."""

    @staticmethod
    async def greet(
        first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate
    ) -> Passage:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        user = password = None
        if 2 in methods:
            writer.write(b"\x05\x02")
            user, password = await Socks._login(reader)
        admitted = gate.admits(user, password)
        if 2 in methods:
            writer.write(b"\x01\x00" if admitted else b"\x01\x01")
        else:
            writer.write(b"\x05\x00" if admitted else b"\x05\xff")
        if not admitted:
            await writer.drain()
            raise NotAdmitted
        return Passage(user, await Socks._target(reader), gate.name)

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
