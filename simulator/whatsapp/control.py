"""The control API: everything that a person or a test can do to the simulated WhatsApp."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.whatsapp import pairing
from simulator.whatsapp.accounts import Account
from simulator.whatsapp.binary_xml import LID_SERVER, USER_SERVER
from simulator.whatsapp.connection import HungUp
from simulator.whatsapp.network import Network
from simulator.whatsapp.proxy import Proxy

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Unusable(Exception):
    """The request cannot be done; the text says why. `status` is the HTTP status."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def digits(number: object) -> str:
    """The digits of an E.164 number; raises Unusable."""
    text = str(number).strip().removeprefix("+").replace(" ", "")
    if not (text.isascii() and text.isdigit() and 7 <= len(text) <= 15):
        raise Unusable("A number must look like +351912345678.")
    return text


class Control:
    """Serves JSON and the page on loopback."""

    def __init__(self, network: Network, proxy: Proxy) -> None:
        self._network = network
        self._proxy = proxy
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on a loopback port (0: a free one) and return it; raises OSError."""
        app = web.Application(middlewares=[_sentences])
        app.router.add_get("/api/state", self._state)
        app.router.add_post("/api/phones", self._create)
        app.router.add_post("/api/scan", self._scan)
        app.router.add_get("/api/log", self._events)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, request: web.Request) -> web.Response:
        waiting = sorted(self._network.pairings, key=lambda w: w.since)
        return web.json_response({
            "phones": [_phone(account) for account in self._network.accounts],
            "waiting_qrs": [{"ref_id": w.ref_id, "since": w.since, "refs": len(w.refs)}
                            for w in waiting],
            "faults": [fault.describe() for fault in self._network.faults.standing],
        })

    async def _create(self, request: web.Request) -> web.Response:
        body = await _body(request)
        number = digits(body["number"]) if body.get("number") else None
        if number is not None and self._network.accounts.by_number(number):
            raise Unusable(f"+{number} has a phone already.", 409)
        account = self._network.create_account(number, body.get("name"))
        return web.json_response(_phone(account), status=201)

    async def _scan(self, request: web.Request) -> web.Response:
        body = await _body(request)
        qr = pairing.QrText.parse(str(body.get("qr") or ""))
        waiting = next((w for w in self._network.pairings if qr.ref in w.refs), None)
        if waiting is None or not waiting.valid(qr.ref):
            raise pairing.Refused("This code is unknown or has expired.")
        number = digits(body["number"]) if body.get("number") else None
        account = self._network.accounts.by_number(number) if number else None
        account = account or self._network.create_account(number)
        companion = await pairing.link(waiting, account, qr.adv)
        return web.json_response({
            "number": f"+{account.number}",
            "jid": str(account.jid(USER_SERVER, companion.id)),
            "lid": str(account.jid(LID_SERVER, companion.id)),
        })

    async def _events(self, request: web.Request) -> web.Response:
        return web.json_response(self._network.log.since(int(request.query.get("since", 0))))


def _phone(account: Account) -> dict[str, Any]:
    return {
        "number": f"+{account.number}",
        "name": account.name,
        "lid": str(account.jid(LID_SERVER)),
        "devices": [
            {"id": device.id, "jid": str(account.jid(USER_SERVER, device.id)),
             "online": device.ready, "proxy_user": device.proxy_user,
             "queued": len(device.pending)}
            for device in account.companions.values()
        ],
    }


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text() or "{}")
    except json.JSONDecodeError as error:
        raise Unusable("The request is not JSON.") from error
    if not isinstance(body, dict):
        raise Unusable("The request must be a JSON object.")
    return body


@web.middleware
async def _sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error is JSON with one sentence."""
    try:
        return await handler(request)
    except Unusable as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except pairing.Refused as error:
        return web.json_response({"error": str(error)}, status=409)
    except HungUp as error:
        return web.json_response({"error": str(error)}, status=504)
