"""Live sockets of a real server: their limits, and others during a flood of handshakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import aiohttp
import pytest

from tests.wire.product import EMAIL, PASSWORD, PATIENCE_SECONDS, Product, Simulator

TOO_MANY = 4029
SOCKETS_A_USER = 20
CHARLIE = "charlie@example.com"


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Product]:
    """A product behind a proxy: requests name the address that they come from."""
    folder = tmp_path_factory.mktemp("sockets")
    running = Product(folder, shared_simulator, TRUSTED_PROXIES="1")
    running.create_customer(CHARLIE, "Elsewhere", "Place")
    yield running.start()
    running.close()


def cookies_of(product: Product, email: str) -> dict[str, str]:
    """Sign in, and return the cookies."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    path = product.address + "/sign-in/"
    with browser.open(path, timeout=PATIENCE_SECONDS) as page:
        token = page.read().decode().split('csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"csrfmiddlewaretoken": token, "login": email, "password": PASSWORD}
    browser.open(Request(path, urlencode(form).encode()), timeout=PATIENCE_SECONDS).close()  # noqa: S310
    return {cookie.name: cookie.value or "" for cookie in jar}


class Site:
    """The sockets of a product."""

    def __init__(self, product: Product, http: aiohttp.ClientSession) -> None:
        self._product, self._http = product, http

    async def shake_hands(
        self, path: str, address: str, cookies: dict[str, str]
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a socket from ``address``. Raises WSServerHandshakeError if it is refused."""
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers = {
            "Origin": self._product.address, "X-Forwarded-For": address, "Cookie": cookie,
        }  # fmt: skip
        return await self._http.ws_connect(self._product.address + path, headers=headers)

    async def is_refused(self, path: str, address: str) -> bool:
        try:
            socket = await self.shake_hands(path, address, {"sessionid": "x" * 32})
        except aiohttp.WSServerHandshakeError as error:
            return error.status == 403
        await socket.close()
        return False


@asynccontextmanager
async def site_of(product: Product) -> AsyncIterator[Site]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(PATIENCE_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        yield Site(product, http)


async def code_of(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Return None if the page gets its content, or the code with which it is closed."""
    message = await socket.receive(PATIENCE_SECONDS)
    if message.type is aiohttp.WSMsgType.TEXT:
        return None
    # Not ``socket.close_code``: that is 1006 if the server no longer waits for our answer.
    return int(message.data) if message.type is aiohttp.WSMsgType.CLOSE else socket.close_code


async def test_it_closes_sockets_over_the_limit_with_a_code(product: Product) -> None:
    path, cookies = f"/ws/sessions/{product.create_session()}/", cookies_of(product, EMAIL)
    async with site_of(product) as site, AsyncExitStack() as opened:
        sockets = await asyncio.gather(
            *(site.shake_hands(path, f"203.0.113.{n}", cookies) for n in range(SOCKETS_A_USER + 5))
        )
        for socket in sockets:
            opened.push_async_callback(socket.close)
        codes = await asyncio.gather(*(code_of(socket) for socket in sockets))

    assert codes.count(None) == SOCKETS_A_USER
    assert codes.count(TOO_MANY) == 5


async def test_it_opens_pages_during_a_flood_of_handshakes(product: Product) -> None:
    path, cookies = f"/ws/sessions/{product.create_session()}/", cookies_of(product, CHARLIE)
    async with site_of(product) as site:
        flood = [
            asyncio.create_task(site.is_refused(path, f"198.51.{n // 100}.{n % 100}"))
            for n in range(500)
        ]
        page = await site.shake_hands("/ws/numbers/", "203.0.113.200", cookies)
        assert "chips" in await page.receive_str(timeout=PATIENCE_SECONDS)
        await page.close()

        assert all(await asyncio.gather(*flood))
