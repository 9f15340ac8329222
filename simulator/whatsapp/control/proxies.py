"""The part of the control API that manages proxies for single numbers."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulator.whatsapp.control.requests import read_json
from simulator.whatsapp.errors import RequestError
from simulator.whatsapp.front.proxy import Proxy, ProxyState, Tunnels
from simulator.whatsapp.front.proxy_protocols import ProxyAccess
from simulator.whatsapp.network import Network

MAX_PROXIES = 1000


class Proxies:
    """All proxies, by name. Each serves HTTP CONNECT and SOCKS5 on one port."""

    def __init__(self, network: Network, tunnels: Tunnels) -> None:
        self._network, self._tunnels = network, tunnels
        self._upstream = 0
        self._created = 0
        self._proxies: dict[str, Proxy] = {}

    def set_upstream(self, upstream_port: int) -> None:
        """Set the port that new proxies connect to."""
        self._upstream = upstream_port

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this part of the API."""
        return [
            web.get("/api/proxies", self._list),
            web.post("/api/proxies", self._create),
            web.post("/api/proxies/{name}", self._change),
            web.delete("/api/proxies/{name}", self._remove),
        ]

    async def stop(self) -> None:
        """Stop all proxies."""
        while self._proxies:
            await self._proxies.popitem()[1].stop()

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response([_describe(proxy) for proxy in self._proxies.values()])

    async def _create(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        if len(self._proxies) >= MAX_PROXIES:
            raise RequestError(f"There are already {MAX_PROXIES} proxies.")
        state = _state(body)
        self._created += 1
        name = f"proxy-{self._created}"
        access = ProxyAccess(name, _text(body, "user"), _text(body, "password"))
        proxy = Proxy(self._network.faults, self._network.log, self._tunnels, access)
        await proxy.start(self._upstream)
        self._proxies[name] = proxy
        await proxy.set_state(state)
        return web.json_response(_describe(proxy), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        proxy, body = self._find(request), await read_json(request)
        await proxy.set_state(_state(body))
        return web.json_response(_describe(proxy))

    async def _remove(self, request: web.Request) -> web.Response:
        proxy = self._find(request)
        del self._proxies[f"{proxy.access.name}"]
        await proxy.stop()
        return web.json_response({})

    def _find(self, request: web.Request) -> Proxy:
        proxy = self._proxies.get(request.match_info["name"])
        if proxy is None:
            raise RequestError("This proxy does not exist.", 404)
        return proxy


def _state(body: dict[str, Any]) -> ProxyState:
    try:
        return ProxyState(str(body.get("state", ProxyState.OPEN)))
    except ValueError:
        raise RequestError(f"'state' must be one of: {', '.join(ProxyState)}.", 400) from None


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"'{name}' must be a string.", 400)
    return value


def _describe(proxy: Proxy) -> dict[str, Any]:
    return {
        "name": proxy.access.name,
        "host": "127.0.0.1",
        "port": proxy.port,
        "user": proxy.access.user,
        "state": str(proxy.state),
        "dials": proxy.dials,
    }
