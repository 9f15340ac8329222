"""A minimal browser: sign in, submit *Create connection*, and follow the page's WebSocket."""

from __future__ import annotations

import re
import time
from typing import Any

import aiohttp

from tests.wire.product import EMAIL, PASSWORD, PATIENCE_SECONDS, Product

QR_IMAGE = 'aria-label="QR code '
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """Alice's signed-in browser. Create it with ``open`` on the event loop that uses it."""

    def __init__(self, address: str, http: aiohttp.ClientSession) -> None:
        self._address, self._http = address, http

    @classmethod
    async def open(cls, product: Product) -> Browser:
        http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # accepts cookies of an IP address
            timeout=aiohttp.ClientTimeout(PATIENCE_SECONDS),
        )
        browser, path = cls(product.address, http), "/sign-in/"
        token = await browser._token(path)
        at, _ = await browser._send_form(path, token, login=EMAIL, password=PASSWORD)
        assert at != path, "alice could not sign in"
        return browser

    async def close(self) -> None:
        await self._http.close()

    async def create(self, location: str) -> tuple[float, str]:
        """Submit *Create connection*. Return the seconds until the code was visible, and the
        session.

        The time runs from the POST over the redirect to the HTML or, if that has no code yet, to
        the WebSocket fragment with the code."""
        token = await self._token("/connect/")
        began = time.monotonic()
        path, html = await self._send_form("/connect/", token, location=location)
        session = path.rstrip("/").rsplit("/", 1)[1]
        if QR_IMAGE not in html:
            await self._follow(f"/ws/sessions/{session}/")
        return time.monotonic() - began, session

    async def page(self, path: str) -> str:
        """Return the HTML of a page."""
        async with self._http.get(self._address + path) as answer:
            assert answer.status == 200, f"{path}: {answer.status}"
            return await answer.text()

    def follow(self, path: str) -> Any:
        """Return aiohttp's context manager for the WebSocket at ``path``."""
        url, headers = self._address.replace("http", "ws", 1) + path, {"Origin": self._address}
        return self._http.ws_connect(url, headers=headers)

    async def _follow(self, path: str) -> None:
        async with self.follow(path) as socket:
            while QR_IMAGE not in await socket.receive_str(timeout=PATIENCE_SECONDS):
                pass

    async def _token(self, path: str) -> str:
        async with self._http.get(self._address + path) as answer:
            found = _TOKEN.search(await answer.text())
        assert found is not None, f"{path} has no form"
        return found[1]

    async def _send_form(self, path: str, token: str, **fields: str) -> tuple[str, str]:
        form = {"csrfmiddlewaretoken": token, **fields}
        async with self._http.post(self._address + path, data=form) as answer:
            assert answer.status == 200, f"{path}: {answer.status}"
            return answer.url.path, await answer.text()
