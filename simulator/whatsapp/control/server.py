"""The control API, which lets users and tests operate the simulated WhatsApp."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator.whatsapp import device_link, linking_code
from simulator.whatsapp.accounts import Account, ClientConnection, Companion
from simulator.whatsapp.control.proxies import Proxies
from simulator.whatsapp.control.qr_picture import read_picture
from simulator.whatsapp.control.requests import (
    decode_image,
    error_responses,
    parse_number,
    read_json,
    same_origin_only,
)
from simulator.whatsapp.errors import RequestError
from simulator.whatsapp.faults.immediate import Outage, drop_pairings, trigger
from simulator.whatsapp.faults.kinds import KINDS, kind_of, params_of, standing_fault
from simulator.whatsapp.network import Network
from simulator.whatsapp.pairing_state import Pairing, QrText
from simulator.whatsapp.wire.binary_xml import LID_SERVER, USER_SERVER

Body = dict[str, Any]
PAGE = Path(__file__).with_name("page.html")
MAX_TEXT = 65_536
MAX_REQUEST_BYTES = 32 << 20  # enough for a screenshot of a large screen


class Control:
    """Serve the JSON API and its web page on loopback."""

    def __init__(self, network: Network, proxies: Proxies) -> None:
        self._network, self._proxies = network, proxies
        self._outage = Outage(network)
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on a loopback port (0: any free one) and return it. Raises OSError."""
        middlewares = [same_origin_only, error_responses]
        app = web.Application(middlewares=middlewares, client_max_size=MAX_REQUEST_BYTES)
        app.add_routes(
            [
                web.get("/", _page),
                web.get("/api/state", self._state),
                web.post("/api/phones", self._create),
                web.post("/api/show", self._show),
                web.post("/api/scan", self._scan),
                web.post("/api/enter-code", self._enter_code),
                web.post("/api/phones/{number}/send", self._send),
                web.post("/api/phones/{number}/read", self._read),
                web.get("/api/phones/{number}/messages", self._messages),
                web.post("/api/phones/{number}/unlink", self._unlink),
                web.post("/api/phones/{number}/state", self._share_state),
                web.get("/api/faults", self._fault_kinds),
                web.post("/api/faults", self._fault),
                web.delete("/api/faults", self._clear),
                web.post("/api/outage", self._begin_outage),
                web.get("/api/log", self._events),
            ]
        )
        app.add_routes(self._proxies.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Stop listening."""
        self._outage.end()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "phones": [_phone(account) for account in self._network.accounts],
                "connections": [_connection(one) for one in self._network.connections],
                "waiting_qrs": [_pairing(one) for one in self._network.waiting()],
                "faults": [fault.describe() for fault in self._network.faults.standing],
                "outage": self._network.faults.outage,
            }
        )

    async def _create(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        number = parse_number(body["number"]) if body.get("number") else None
        if number is not None and self._network.accounts.by_number(number):
            raise RequestError(f"+{number} already has a phone.")
        name = str(body["name"])[:60] if body.get("name") else None
        return web.json_response(_phone(self._network.create_account(number, name)), status=201)

    async def _show(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        if body.get("picture"):
            text = await asyncio.to_thread(read_picture, decode_image(body["picture"]))
        else:
            text = str(body.get("qr") or "")
        shown = QrText.parse(text)
        waiting = self._network.find_waiting(shown)
        waiting.adv = shown.adv
        return web.json_response(_pairing(waiting))

    async def _scan(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        if body.get("qr"):
            shown = QrText.parse(str(body["qr"]))
            waiting, adv = self._network.find_waiting(shown), shown.adv
        else:
            waiting = self._network.oldest_waiting(body.get("ref_id"))
            if waiting.adv is None:
                raise RequestError("This code was not shown to the phone. Send its text as 'qr'.")
            adv = waiting.adv
        account = self._account_of(body)
        return _linked(await device_link.link(self._network, waiting, account, adv))

    async def _enter_code(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        number = parse_number(body.get("number"))
        waiting = next(
            (
                one
                for one in self._network.waiting()
                if one.code is not None and one.code.number == number
            ),
            None,
        )
        if waiting is None:
            raise RequestError(f"No client is showing a code for +{number}.")
        account = self._account_of(body)
        typed = str(body.get("code") or "")
        return _linked(await linking_code.enter(self._network, waiting, account, typed))

    def _account_of(self, body: Body) -> Account:
        """Return the account of the number in the body. Create one if it is new or missing."""
        number = parse_number(body["number"]) if body.get("number") else None
        account = self._network.accounts.by_number(number) if number else None
        return account or self._network.create_account(number)

    def _find_account(self, number: object) -> Account:
        account = self._network.accounts.by_number(parse_number(number))
        if account is None:
            raise RequestError(f"+{parse_number(number)} is not on WhatsApp.", 404)
        return account

    async def _send(self, request: web.Request) -> web.Response:
        account, body = self._find_account(request.match_info["number"]), await read_json(request)
        text = body.get("text")
        if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
            raise RequestError("'text' must have 1 to 65,536 characters.", 400)
        servers = {"lid": LID_SERVER, "pn": USER_SERVER}
        server = servers.get(str(body.get("address_by", "lid")))
        if server is None:
            raise RequestError("'address_by' must be 'lid' or 'pn'.", 400)
        message_id = account.phone.write(self._find_account(body.get("to")), text, server)
        return web.json_response({"id": message_id})

    async def _read(self, request: web.Request) -> web.Response:
        account, body = self._find_account(request.match_info["number"]), await read_json(request)
        return web.json_response({"read": account.phone.open_chat(parse_number(body.get("from")))})

    async def _messages(self, request: web.Request) -> web.Response:
        phone = self._find_account(request.match_info["number"]).phone
        return web.json_response(phone.chat_log())

    async def _share_state(self, request: web.Request) -> web.Response:
        account = self._find_account(request.match_info["number"])
        return web.json_response({"shared": self._network.share_state(account, account.name)})

    async def _unlink(self, request: web.Request) -> web.Response:
        account, body = self._find_account(request.match_info["number"]), await read_json(request)
        wanted = body.get("device")
        devices = [
            device
            for device in account.companions.values()
            if wanted is None or device.id == wanted
        ]
        if not devices:
            raise RequestError("This phone has no matching linked device.", 404)
        for device in devices:
            self._network.relay.remove(device)
        return web.json_response({"unlinked": [device.id for device in devices]})

    async def _fault_kinds(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                name: {
                    "stage": kind.stage,
                    "title": kind.title,
                    "sentence": kind.sentence,
                    "params": {key: param.default for key, param in kind.params.items()},
                }
                for name, kind in KINDS.items()
            }
        )

    async def _fault(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        stage, kind = kind_of(body).stage, str(body["kind"])
        number = self._find_account(body["number"]).number if body.get("number") else None
        if kind == "qr_drop":
            return web.json_response({"hit": drop_pairings(self._network)})
        if stage == "now":
            return web.json_response({"hit": trigger(self._network, kind, number, params_of(body))})
        fault = standing_fault(body, number, self._network.accounts)
        self._network.faults.add(fault)
        self._network.log.add("fault", fault=kind, number=number)
        return web.json_response(fault.describe(), status=201)

    async def _clear(self, request: web.Request) -> web.Response:
        number = request.query.get("number")
        self._network.faults.clear(
            request.query.get("kind"), parse_number(number) if number else None
        )
        self._network.relay.release_acks()
        self._outage.end()
        return web.json_response({})

    async def _begin_outage(self, request: web.Request) -> web.Response:
        seconds = (await read_json(request)).get("seconds")
        if not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
            raise RequestError("'seconds' must be above 0 and at most 3600.", 400)
        self._outage.begin(float(seconds))
        return web.json_response({"seconds": seconds})

    async def _events(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isdigit():
            raise RequestError("'since' must be the number of an event.", 400)
        return web.json_response(self._network.log.since(int(since)))


def _connection(one: ClientConnection) -> Body:
    return {
        "number": f"+{one.number}" if one.number else None,
        "since": one.since,
        "proxy": one.proxy,
        "proxy_user": one.proxy_user,
    }


def _pairing(one: Pairing) -> Body:
    return {
        "ref_id": one.ref_id,
        "since": one.since,
        "refs": len(one.refs),
        "shown": one.adv is not None,
        "code_for": f"+{one.code.number}" if one.code else None,
        "proxy_user": one.connection.proxy_user,
        "proxy": one.connection.proxy,
    }


def _linked(companion: Companion) -> web.Response:
    account = companion.account
    return web.json_response(
        {
            "number": f"+{account.number}",
            "jid": str(account.jid(USER_SERVER, companion.id)),
            "lid": str(account.jid(LID_SERVER, companion.id)),
        }
    )


def _phone(account: Account) -> Body:
    devices = [
        {
            "id": device.id,
            "jid": str(account.jid(USER_SERVER, device.id)),
            "online": device.ready,
            "proxy_user": device.proxy_user,
            "proxy": device.proxy,
            "queued": len(device.pending),
            "keys": len(device.one_time),
        }
        for device in account.companions.values()
    ]
    return {
        "number": f"+{account.number}",
        "name": account.name,
        "lid": str(account.jid(LID_SERVER)),
        "devices": devices,
    }


async def _page(request: web.Request) -> web.StreamResponse:
    return web.Response(body=PAGE.read_bytes(), content_type="text/html", charset="utf-8")
