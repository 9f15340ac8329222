"""Webhooks of the product as it ships: signed, retried, and not lost in a crash."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.wire.product import Product, Simulator, wait_for


@dataclass(frozen=True)
class Received:
    """One request as received; ``answered`` is the status of the response."""

    headers: dict[str, str]
    body: bytes
    answered: int

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Server:
    """A customer's server. ``broken``: how often it responds 500 to message.received;
    ``silent``: it accepts requests and never responds."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    broken: int = 0
    silent: bool = False

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        is_message = headers["Pairline-Event"] == "message.received"
        status = 500 if is_message and self.broken else 204
        self.broken -= status == 500
        self.received.append(Received(headers, body, status))
        return status

    def of(self, kind: str) -> list[Received]:
        return [one for one in self.received if one.event["type"] == kind]


@pytest.fixture
def server() -> Iterator[Server]:
    server, over = Server(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = server.answer(dict(self.headers), body)
            if server.silent:
                over.wait(120)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    server.url = f"http://127.0.0.1:{running.server_address[1]}/webhooks"
    threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    over.set()
    running.shutdown()
    running.server_close()


@pytest.fixture
def hooked(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Product]:
    """A product whose operator allows webhooks to this machine."""
    running = Product(
        tmp_path_factory.mktemp("hooked"), simulator, WEBHOOKS_ALLOW_PRIVATE="true"
    ).start()
    yield running
    running.close()


def _hook(product: Product, url: str, *events: str) -> dict[str, Any]:
    status, webhook = product.api("POST", "webhooks/", {"url": url, "events": list(events)})
    assert status == 201, webhook
    return dict(webhook)


def _is_signed(request: Received, secret: str) -> bool:
    """Verify the signature as docs/how-to/webhooks.md describes."""
    parts = dict(part.split("=", 1) for part in request.headers["Pairline-Signature"].split(","))
    signed = parts["t"].encode() + b"." + request.body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    is_fresh = abs(time.time() - int(parts["t"])) < 300
    return is_fresh and hmac.compare_digest(expected, parts["v1"])


def test_it_delivers_every_event_signed_and_once(
    hooked: Product, simulator: Simulator, server: Server
) -> None:
    events = ("session.status", "session.qr", "message.received", "message.receipt")
    webhook = _hook(hooked, server.url, *events)

    session = hooked.create_session()
    code = wait_for(lambda: server.of("session.qr"), "the code")[0].event["data"]["text"]
    number = str(simulator.scan(code)["number"])
    hooked.until(session, status="ready")
    friend = simulator.new_phone(name="Bea")
    server.broken = 1
    simulator.write(friend, number, "On my way 🚲")
    wait_for(lambda: [r for r in server.of("message.received") if r.answered == 204], "the text")
    sent = hooked.send(session, friend, "Your table is ready")
    wait_for(lambda: hooked.message(session, sent)["status"] == "delivered", "the second tick")
    wait_for(
        lambda: [
            r for r in server.of("message.receipt") if r.event["data"]["status"] == "delivered"
        ],
        "the receipt",
    )

    assert all(_is_signed(request, webhook["secret"]) for request in server.received)
    statuses = [request.event["data"] for request in server.of("session.status")]
    assert [(s["status"], s["reason"]) for s in statuses] == [
        ("qr", "scan"),
        ("initializing", "pairing"),
        ("ready", "ok"),
    ]
    assert {status["id"] for status in statuses} == {session}
    assert not any("qr" in status or "pairing_code" in status for status in statuses)
    assert code not in hooked.log()
    tries = server.of("message.received")
    assert [request.answered for request in tries] == [500, 204]
    assert len({request.event["id"] for request in tries}) == 1
    assert len({request.headers["Pairline-Delivery"] for request in tries}) == 1
    data = tries[0].event["data"]
    assert (data["text"], data["from"], data["to"]) == ("On my way 🚲", friend, number)
    assert "On my way" not in hooked.log()
    assert webhook["secret"] not in hooked.log()


def test_it_delivers_after_a_kill_and_restart(
    hooked: Product, simulator: Simulator, server: Server
) -> None:
    _hook(hooked, server.url, "message.received")
    _, number = hooked.link()
    friend = simulator.new_phone()
    server.silent = True
    simulator.write(friend, number, "Before the end")
    wait_for(lambda: server.of("message.received"), "the first try")

    hooked.kill()
    server.silent = False
    hooked.start()

    wait_for(lambda: len(server.of("message.received")) > 1, "the second try")
    first, second = server.of("message.received")[:2]
    assert second.event["id"] == first.event["id"]
    assert second.event["data"]["text"] == "Before the end"
    (delivery,) = _log(hooked)
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 2)


def test_it_sends_nothing_to_private_addresses_by_default(product: Product, server: Server) -> None:
    status, problem = product.api(
        "POST", "webhooks/", {"url": server.url, "events": ["session.status"]}
    )

    assert (status, problem["code"]) == (400, "invalid")
    assert "private network" in problem["errors"]["url"][0]
    assert server.received == []


def _log(product: Product) -> list[dict[str, Any]]:
    _, webhooks = product.api("GET", "webhooks/")
    path = f"webhooks/{webhooks['results'][0]['id']}/deliveries/"
    found: list[dict[str, Any]] = wait_for(
        lambda: [
            row for row in product.api("GET", path)[1]["results"] if row["state"] == "delivered"
        ],
        "the end of the delivery",
    )
    return found
