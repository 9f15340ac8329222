"""A viewer and an address have a limited number of sockets; other pages poll."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from config.asgi import application
from locations.models import Account, Role, User
from sessions_app.consumers import REFUSED, TOO_MANY
from sessions_app.lifecycle import Status
from sessions_app.live.socket_limits import SOCKETS_A_VIEWER, SOCKETS_AN_ADDRESS
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user
from tests.integration.sessions_app.consumers.conftest import (
    HOST,
    PATIENCE_SECONDS,
    Page,
    _cookie,
    open_page,
)

pytestmark = pytest.mark.django_db(transaction=True)


class Scene:
    def __init__(self) -> None:
        self.account: Account = make_account()
        self.alice: User = make_user("alice", self.account, Role.OWNER)
        self.session: Session = make_session(make_location(self.account), Status.INITIALIZING)
        self.path = f"/ws/sessions/{self.session.pk}/"


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def shake_hands(
    path: str, cookie: bytes, address: str
) -> tuple[WebsocketCommunicator, tuple[bool, int | None]]:
    origin = f"http://{HOST}".encode()
    headers = [(b"origin", origin), (b"host", HOST.encode()), (b"cookie", cookie)]
    socket = WebsocketCommunicator(application, path, headers=headers)
    socket.scope["client"] = [address, 50000]
    return socket, await socket.connect(timeout=PATIENCE_SECONDS)


@asynccontextmanager
async def many(path: str, cookie: bytes, address: str, count: int) -> AsyncIterator[list[Page]]:
    """Open ``count`` sockets at once."""
    sockets = await asyncio.gather(*(shake_hands(path, cookie, address) for _ in range(count)))
    assert {accepted for _, (accepted, _) in sockets} == {True}
    try:
        yield [Page(socket) for socket, _ in sockets]
    finally:
        for socket, _ in sockets:
            await socket.disconnect(timeout=PATIENCE_SECONDS)


async def open_or_code(page: Page) -> int | None:
    """Return None if the page gets its content, or the code with which it is closed."""
    message = await page._socket.receive_output(timeout=PATIENCE_SECONDS)
    return int(message["code"]) if message["type"] == "websocket.close" else None


async def test_it_refuses_sockets_over_the_limit(scene: Scene) -> None:
    cookie = await database_sync_to_async(_cookie)(scene.alice)
    async with many(scene.path, cookie, "203.0.113.9", SOCKETS_A_VIEWER + 5) as pages:
        codes = [await open_or_code(page) for page in pages]

    assert codes.count(None) == SOCKETS_A_VIEWER
    assert codes.count(TOO_MANY) == 5


async def test_it_counts_a_user_over_all_sign_ins(scene: Scene) -> None:
    one, two = [await database_sync_to_async(_cookie)(scene.alice) for _ in range(2)]
    async with many(scene.path, one, "203.0.113.9", SOCKETS_A_VIEWER):
        _, accepted = await shake_hands(scene.path, two, "203.0.113.10")
        socket, _ = await shake_hands("/ws/numbers/", two, "203.0.113.10")

        assert accepted == (True, None)
        assert await Page(socket).closed() == TOO_MANY


async def test_it_gives_places_back(scene: Scene) -> None:
    cookie = await database_sync_to_async(_cookie)(scene.alice)
    for _ in range(2):
        async with many(scene.path, cookie, "203.0.113.9", SOCKETS_A_VIEWER) as pages:
            assert [await open_or_code(page) for page in pages] == [None] * SOCKETS_A_VIEWER


async def test_it_limits_the_sockets_of_an_address(scene: Scene) -> None:
    async with AsyncExitStack() as opened:
        for number in range(3):
            account = scene.account
            user = await database_sync_to_async(make_user)(f"user{number}", account, Role.VIEWER)
            cookie = await database_sync_to_async(_cookie)(user)
            await opened.enter_async_context(many(scene.path, cookie, "2001:db8::1", 16))
        cookie = await database_sync_to_async(_cookie)(scene.alice)
        pages = await opened.enter_async_context(many(scene.path, cookie, "2001:db8::2", 5))
        codes = [await open_or_code(page) for page in pages]
        async with many(scene.path, cookie, "2001:db8:0:1::1", 1) as elsewhere:
            assert await open_or_code(elsewhere[0]) is None

    assert codes.count(None) == SOCKETS_AN_ADDRESS - 48
    assert codes.count(TOO_MANY) == 3


async def test_it_serves_others_during_a_flood_of_handshakes(scene: Scene) -> None:
    forged = b"sessionid=" + b"x" * 32
    flood = [
        asyncio.create_task(shake_hands(scene.path, forged, f"198.51.{n // 100}.{n % 100}"))
        for n in range(1000)
    ]

    async with open_page(scene.path, scene.alice) as page:
        assert "figure" in await page.told()
    sockets = await asyncio.gather(*flood)

    assert {outcome for _, outcome in sockets} == {(False, REFUSED)}


@pytest.mark.parametrize(
    ("path", "part"), [("/numbers/live/?page=1", "chips"), ("/overview/live/", "counts")]
)
def test_it_sends_lists_to_pages_without_a_socket(scene: Scene, path: str, part: str) -> None:
    browser = Client()
    browser.force_login(scene.alice)

    text = browser.get(path).text

    assert f'id="{part}"' in text
    assert "hx-swap-oob" in text
