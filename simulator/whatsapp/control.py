"""The control API: everything that a person or a test can do to the simulated WhatsApp."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator.whatsapp import linking_code, pairing
from simulator.whatsapp.accounts import Account, Companion
from simulator.whatsapp.binary_xml import LID_SERVER, USER_SERVER
from simulator.whatsapp.connection import Connection
from simulator.whatsapp.fault_kinds import KINDS, kind_of, params_of, standing
from simulator.whatsapp.manners import body_of, digits, own_page_only, picture, sentences
from simulator.whatsapp.network import Network
from simulator.whatsapp.proxies import Proxies
from simulator.whatsapp.qr_picture import read_picture
from simulator.whatsapp.refusal import Refused
from simulator.whatsapp.strikes import Outage, drop_waiting, strike

Body = dict[str, Any]
PAGE = Path(__file__).with_name("page.html")
LONGEST_TEXT = 65_536
LARGEST = 32 << 20  # bytes of a request: a picture of a large screen


class Control:
    """Serves JSON and the page on loopback."""

    def __init__(self, network: Network, proxies: Proxies) -> None:
        self._network, self._proxies = network, proxies
        self._outage = Outage(network)
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on a loopback port (0: a free one) and return it; raises OSError."""
        app = web.Application(middlewares=[own_page_only, sentences], client_max_size=LARGEST)
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
                web.get("/api/faults", self._known_faults),
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
        self._outage.over()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "phones": [_phone(account) for account in self._network.accounts],
                "connections": [_connection(one) for one in self._network.connections],
                "waiting_qrs": [_waiting(one) for one in self._network.waiting()],
                "faults": [fault.describe() for fault in self._network.faults.standing],
                "outage": self._network.faults.outage,
            }
        )

    async def _create(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        number = digits(body["number"]) if body.get("number") else None
        if number is not None and self._network.accounts.by_number(number):
            raise Refused(f"+{number} has a phone already.")
        name = str(body["name"])[:60] if body.get("name") else None
        return web.json_response(_phone(self._network.create_account(number, name)), status=201)

    async def _show(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if body.get("picture"):
            text = await asyncio.to_thread(read_picture, picture(body["picture"]))
        else:
            text = str(body.get("qr") or "")
        shown = pairing.QrText.parse(text)
        waiting = self._network.find_waiting(shown)
        waiting.adv = shown.adv
        return web.json_response(_waiting(waiting))

    async def _scan(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if body.get("qr"):
            shown = pairing.QrText.parse(str(body["qr"]))
            waiting, adv = self._network.find_waiting(shown), shown.adv
        else:
            waiting = self._network.oldest_waiting(body.get("ref_id"))
            if waiting.adv is None:
                raise Refused("The phone has not seen this code: pass its text as 'qr'.")
            adv = waiting.adv
        account = self._account_of(body)
        return _linked(await pairing.link(waiting, account, adv))

    async def _enter_code(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        number = digits(body.get("number"))
        waiting = next(
            (
                one
                for one in self._network.waiting()
                if one.code is not None and one.code.number == number
            ),
            None,
        )
        if waiting is None:
            raise Refused(f"No client shows a code for +{number}.")
        account = self._account_of(body)
        return _linked(await linking_code.enter(waiting, account, str(body.get("code") or "")))

    def _account_of(self, body: Body) -> Account:
        """The account of the number in the body; created when it is new or not given."""
        number = digits(body["number"]) if body.get("number") else None
        account = self._network.accounts.by_number(number) if number else None
        return account or self._network.create_account(number)

    def _known(self, number: object) -> Account:
        account = self._network.accounts.by_number(digits(number))
        if account is None:
            raise Refused(f"+{digits(number)} is not on WhatsApp.", 404)
        return account

    async def _send(self, request: web.Request) -> web.Response:
        account, body = self._known(request.match_info["number"]), await body_of(request)
        text = body.get("text")
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT:
            raise Refused("A message needs a text of 1 to 65,536 characters.", 400)
        servers = {"lid": LID_SERVER, "pn": USER_SERVER}
        server = servers.get(str(body.get("address_by", "lid")))
        if server is None:
            raise Refused("'address_by' is 'lid' or 'pn'.", 400)
        message_id = account.phone.write(self._known(body.get("to")), text, server)
        return web.json_response({"id": message_id})

    async def _read(self, request: web.Request) -> web.Response:
        account, body = self._known(request.match_info["number"]), await body_of(request)
        return web.json_response({"read": account.phone.open_chat(digits(body.get("from")))})

    async def _messages(self, request: web.Request) -> web.Response:
        phone = self._known(request.match_info["number"]).phone
        return web.json_response([message.describe() for message in phone.messages.values()])

    async def _unlink(self, request: web.Request) -> web.Response:
        account, body = self._known(request.match_info["number"]), await body_of(request)
        wanted = body.get("device")
        devices = [
            device
            for device in account.companions.values()
            if wanted is None or device.id == wanted
        ]
        if not devices:
            raise Refused("This phone has no such linked device.", 404)
        for device in devices:
            self._network.relay.remove(device)
        return web.json_response({"unlinked": [device.id for device in devices]})

    async def _known_faults(self, request: web.Request) -> web.Response:
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
        body = await body_of(request)
        stage, kind = kind_of(body).stage, str(body["kind"])
        number = self._known(body["number"]).number if body.get("number") else None
        if kind == "qr_drop":
            return web.json_response({"hit": drop_waiting(self._network)})
        if stage == "now":
            return web.json_response({"hit": strike(self._network, kind, number, params_of(body))})
        fault = standing(body, number, self._network.accounts)
        self._network.faults.add(fault)
        self._network.log.add("fault", fault=kind, number=number)
        return web.json_response(fault.describe(), status=201)

    async def _clear(self, request: web.Request) -> web.Response:
        number = request.query.get("number")
        self._network.faults.clear(request.query.get("kind"), digits(number) if number else None)
        self._network.relay.release_acks()
        self._outage.over()
        return web.json_response({})

    async def _begin_outage(self, request: web.Request) -> web.Response:
        seconds = (await body_of(request)).get("seconds")
        if not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
            raise Refused("'seconds' must be a number above 0, up to 3600.", 400)
        self._outage.begin(float(seconds))
        return web.json_response({"seconds": seconds})

    async def _events(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isdigit():
            raise Refused("'since' is the number of an event.", 400)
        return web.json_response(self._network.log.since(int(since)))


def _connection(one: Connection) -> Body:
    return {
        "number": f"+{one.number}" if one.number else None,
        "since": one.since,
        "proxy": one.proxy,
        "proxy_user": one.proxy_user,
    }


def _waiting(one: pairing.Pairing) -> Body:
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
