"""Sockets against the whole ASGI application: origin check, login and routing included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from config.asgi import application
from locations.models import User

HOST = "localhost"
PATIENCE_SECONDS = 20.0  # for a loaded machine


class Page:
    """A page's socket; messages are text."""

    def __init__(self, socket: WebsocketCommunicator) -> None:
        self._socket = socket

    async def told(self) -> str:
        text: str = await self._socket.receive_from(timeout=PATIENCE_SECONDS)
        return text

    async def until_told(self, what: str) -> str:
        """Return the first message that contains ``what``; earlier ones are dropped."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while what not in (text := await self.told()):
                pass
        return text

    async def closed(self) -> int:
        """Return the code with which the server closes; earlier messages are dropped."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = await self._socket.receive_output(timeout=PATIENCE_SECONDS)
                if message["type"] == "websocket.close":
                    return int(message["code"])

    async def nothing_more(self) -> bool:
        silent: bool = await self._socket.receive_nothing(timeout=0.2)
        return silent


Open = Callable[[str, User | None], AbstractAsyncContextManager[Page]]


def _cookie(user: User) -> bytes:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}".encode()


async def connect(
    path: str,
    user: User | None,
    origin: str = f"http://{HOST}",
    application: Any = application,
) -> tuple[WebsocketCommunicator, bool, int | None]:
    """(socket, whether it was accepted, or else the code)."""
    headers = [(b"origin", origin.encode()), (b"host", HOST.encode())]
    if user is not None:
        headers.append((b"cookie", await database_sync_to_async(_cookie)(user)))
    socket = WebsocketCommunicator(application, path, headers=headers)
    accepted, code = await socket.connect(timeout=PATIENCE_SECONDS)
    return socket, accepted, code


@asynccontextmanager
async def open_page(path: str, user: User | None) -> AsyncIterator[Page]:
    socket, accepted, code = await connect(path, user)
    assert accepted, code
    try:
        yield Page(socket)
    finally:
        await socket.disconnect(timeout=PATIENCE_SECONDS)


@pytest.fixture
def open_socket() -> Open:
    return open_page
