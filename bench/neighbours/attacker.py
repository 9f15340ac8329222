"""The attacker: mallory's API client and signed-in browser, without any limit of its own."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from yarl import URL

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True)
class Target:
    """Where to attack, and as which customer. ``control``: the address of the simulator's control
    API. ``locations``: ids. ``more``: keys of further accounts, each with the id of a location."""

    address: str
    control: str
    key: str
    email: str
    password: str
    account: str
    account_name: str
    locations: list[str]
    more: list[list[str]]


class Mallory:
    """Counts the status of each response in ``statuses``; "-" is a connection that failed."""

    def __init__(self, target: Target, http: aiohttp.ClientSession) -> None:
        self.target, self.http = target, http
        self.statuses: Counter[str] = Counter()
        self.note = ""
        self._places = iter(target.locations)

    @classmethod
    async def arrive(cls, target: Target) -> Self:
        """Open an HTTP client with as many connections as it likes."""
        jar = aiohttp.CookieJar(unsafe=True)  # accepts cookies of an IP address
        connector = aiohttp.TCPConnector(limit=0)
        http = aiohttp.ClientSession(cookie_jar=jar, connector=connector, timeout=PATIENCE)
        return cls(target, http)

    async def api(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Return the status and the JSON of a call of the product's API, with another account's
        ``key`` if one is given."""
        headers = {"Authorization": f"Bearer {key or self.target.key}"}
        return await self._call(method, f"{self.target.address}/api/v1/{path}", body, headers)

    async def simulator(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of a call of the simulator, which is not counted."""
        async with self.http.request(method, self.target.control + path, json=body) as answer:
            assert answer.status < 400, f"{method} {path}: {answer.status}"
            return await answer.json()

    async def _call(
        self, method: str, url: str, body: Any, headers: dict[str, str]
    ) -> tuple[int, Any]:
        try:
            async with self.http.request(method, url, json=body, headers=headers) as answer:
                raw = await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            self.statuses["-"] += 1
            return 0, None
        self.statuses[str(answer.status)] += 1
        try:
            return answer.status, json.loads(raw or b"null")
        except ValueError:
            return answer.status, None

    async def page(self, path: str) -> str:
        """Return the HTML of a page."""
        async with self.http.get(self.target.address + path) as answer:
            self.statuses[str(answer.status)] += 1
            return await answer.text()

    async def submit(self, path: str, html: str, **fields: str) -> str:
        """Submit a form with the token of ``html``. Return the path of the page that follows."""
        found = _TOKEN.search(html)
        assert found is not None, "the page has no form"
        form = {"csrfmiddlewaretoken": found[1], **fields}
        async with self.http.post(self.target.address + path, data=form) as answer:
            self.statuses[str(answer.status)] += 1
            return answer.url.path

    async def sign_in(self) -> None:
        html, fields = await self.page("/sign-in/"), self.target
        await self.submit("/sign-in/", html, login=fields.email, password=fields.password)

    @property
    def cookies(self) -> str:
        """The Cookie header of the signed-in browser."""
        jar = self.http.cookie_jar.filter_cookies(URL(self.target.address))
        return "; ".join(f"{name}={one.value}" for name, one in jar.items())

    async def sessions(self, count: int) -> list[str]:
        """Create ``count`` sessions in locations that were not used yet; return their ids."""
        created = []
        for _ in range(count):
            status, answer = await self.api("POST", "sessions/", {"location": next(self._places)})
            assert status == 201, answer
            created.append(str(answer["id"]))
        return created


async def at_once(workers: int, act: Callable[[int], Awaitable[Any]], pause: float = 0.0) -> None:
    """Repeat ``act`` with the number of the worker in ``workers`` tasks, without end."""

    async def repeat(number: int) -> None:
        while True:
            try:
                await act(number)
            except (AssertionError, aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(0.05)  # a refusal is no reason to stop
            await asyncio.sleep(pause)

    await asyncio.gather(*(repeat(number) for number in range(workers)))
