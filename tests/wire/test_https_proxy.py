"""A number goes through an HTTPS proxy, whose certificate the operator's system trusts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.https_proxy import HttpsProxy
from tests.wire.product import Product, Simulator, wait_for

LOGIN = {"user": "lisbon-office", "password": "p@ss:w/rd %41"}


@pytest.fixture
def proxy(simulator: Simulator, tmp_path: Path) -> Iterator[HttpsProxy]:
    inner = simulator.ask("POST", "/api/proxies", LOGIN)
    running = HttpsProxy(tmp_path, "localhost", inner["port"])
    running.inner = inner["name"]  # type: ignore[attr-defined]
    yield running
    running.stop()
    simulator.ask("DELETE", f"/api/proxies/{inner['name']}")


@pytest.fixture
def product(simulator: Simulator, proxy: HttpsProxy, tmp_path: Path) -> Iterator[Product]:
    running = Product(tmp_path, simulator, SSL_CERT_FILE=str(proxy.ca_file)).start()
    yield running
    running.close()


def test_it_links_and_reconnects_through_an_https_proxy(
    product: Product, simulator: Simulator, proxy: HttpsProxy
) -> None:
    typed = {"scheme": "https", "host": "localhost", "port": proxy.port, **LOGIN}
    body = {"location": product.next_location(), "proxy": typed}
    status, answer = product.api("POST", "sessions/", body)
    assert status == 201, (answer, product.log()[-3000:])
    session = str(answer["id"])
    simulator.scan(product.until(session, status="qr")["qr"]["text"])
    number = product.until(session, status="ready")["phone_number"]

    def ways() -> list[str | None]:
        connections = simulator.ask("GET", "/api/state")["connections"]
        return [one["proxy"] for one in connections if one["number"] == number]

    name = proxy.inner  # type: ignore[attr-defined]
    wait_for(lambda: ways() == [name], "the connection through the proxy")
    before = proxy.connections
    simulator.fault("reset", number=number)

    wait_for(lambda: proxy.connections > before, "the library's own reconnect")
    wait_for(lambda: ways() == [name], "the connection through the proxy again")
    product.until(session, status="ready")
    product.api("POST", f"sessions/{session}/unlink/")
