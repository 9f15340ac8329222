"""Proxies for numbers of their own: made, changed and watched over the control API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulator.whatsapp.manners import body_of
from simulator.whatsapp.network import Network
from simulator.whatsapp.proxy import Mood, Passages, Proxy
from simulator.whatsapp.proxy_dialects import Gate
from simulator.whatsapp.refusal import Refused

MOST = 1000


class Proxies:
    """All of them, by name. Each speaks HTTP CONNECT and SOCKS5 on one port."""

    def __init__(self, network: Network, passages: Passages) -> None:
        self._network, self._passages = network, passages
        self._upstream = 0
        self._last = 0
        self._proxies: dict[str, Proxy] = {}

    def lead_to(self, upstream_port: int) -> None:
        """From now on new proxies lead to this port."""
        self._upstream = upstream_port

    def routes(self) -> list[web.RouteDef]:
        """What the control API serves of them."""
        return [
            web.get("/api/proxies", self._list),
            web.post("/api/proxies", self._create),
            web.post("/api/proxies/{name}", self._change),
            web.delete("/api/proxies/{name}", self._remove),
        ]

    async def stop(self) -> None:
        """End them all."""
        while self._proxies:
            await self._proxies.popitem()[1].stop()

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response([_describe(proxy) for proxy in self._proxies.values()])

    async def _create(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if len(self._proxies) >= MOST:
            raise Refused("There are as many proxies as there may be.")
        mood = _mood(body)
        self._last += 1
        gate = Gate(f"proxy-{self._last}", _text(body, "user"), _text(body, "password"))
        proxy = Proxy(self._network.faults, self._network.log, self._passages, gate)
        await proxy.start(self._upstream)
        self._proxies[f"{gate.name}"] = proxy
        await proxy.be(mood)
        return web.json_response(_describe(proxy), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        proxy, body = self._known(request), await body_of(request)
        await proxy.be(_mood(body))
        return web.json_response(_describe(proxy))

    async def _remove(self, request: web.Request) -> web.Response:
        proxy = self._known(request)
        del self._proxies[f"{proxy.gate.name}"]
        await proxy.stop()
        return web.json_response({})

    def _known(self, request: web.Request) -> Proxy:
        proxy = self._proxies.get(request.match_info["name"])
        if proxy is None:
            raise Refused("There is no such proxy.", 404)
        return proxy


def _mood(body: dict[str, Any]) -> Mood:
    try:
        return Mood(str(body.get("mood", Mood.OPEN)))
    except ValueError:
        raise Refused(f"'mood' is one of: {', '.join(Mood)}.", 400) from None


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused(f"'{name}' must be a text.", 400)
    return value


def _describe(proxy: Proxy) -> dict[str, Any]:
    return {
        "name": proxy.gate.name,
        "host": "127.0.0.1",
        "port": proxy.port,
        "user": proxy.gate.user,
        "mood": str(proxy.mood),
        "dials": proxy.dials,
    }
