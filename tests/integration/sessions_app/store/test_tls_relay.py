"""An HTTPS proxy is dialled at the address that was checked, with its certificate's name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django import Settings

from sessions_app.engine.proxy_url import ProxyAddress
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.store.proxy_check import connect_through
from sessions_app.store.tls_relay import TlsRelays
from tests.https_proxy import HttpsProxy
from tests.wire.product import Simulator

NAME = "proxy.pairline.invalid"  # resolves nowhere, so the checked address must be the one used
PASSWORD = "s3cret"
LOGIN = {"user": "lisbon", "password": PASSWORD}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = Simulator(tmp_path_factory.mktemp("simulator"))
    yield running
    running.stop()


@pytest.fixture
def proxy(simulator: Simulator, settings: Settings, tmp_path: Path) -> Iterator[HttpsProxy]:
    settings.WHATSAPP_SIMULATOR = str(simulator.state_file)
    inner = simulator.ask("POST", "/api/proxies", LOGIN)
    running = HttpsProxy(tmp_path, NAME, inner["port"])
    yield running
    running.stop()


def at(proxy: HttpsProxy, name: str = NAME, password: str = PASSWORD) -> ProxyAddress:
    return ProxyAddress("https", name, proxy.port, "lisbon", password)


async def test_it_reaches_whatsapp_at_the_checked_address(proxy: HttpsProxy) -> None:
    relays, session = TlsRelays(str(proxy.ca_file)), uuid4()

    through = await relays.through(session, at(proxy), "127.0.0.1")
    await connect_through(through)

    assert (through.scheme, through.host) == ("http", "127.0.0.1")
    assert proxy.connections == 1
    relays.close([session])


@pytest.mark.parametrize(
    ("name", "password"), [("other.pairline.invalid", PASSWORD), (NAME, "wrong")]
)
async def test_it_refuses_another_name_or_login(
    proxy: HttpsProxy, name: str, password: str
) -> None:
    relays, session = TlsRelays(str(proxy.ca_file)), uuid4()
    through = await relays.through(session, at(proxy, name, password), "127.0.0.1")

    with pytest.raises(ProxyUnusable, match="This proxy does not lead to WhatsApp"):
        await connect_through(through)

    relays.close([session])


async def test_it_trusts_only_known_authorities(proxy: HttpsProxy) -> None:
    relays, session = TlsRelays(), uuid4()
    through = await relays.through(session, at(proxy), "127.0.0.1")

    with pytest.raises(ProxyUnusable):
        await connect_through(through)

    relays.close([session])


async def test_it_follows_the_address_at_the_next_start(proxy: HttpsProxy) -> None:
    relays, session = TlsRelays(str(proxy.ca_file)), uuid4()
    first = await relays.through(session, at(proxy), "192.0.2.1")

    again = await relays.through(session, at(proxy), "127.0.0.1")
    await connect_through(again)

    assert again == first  # the client that runs may go on
    relays.close([session])


async def test_it_keeps_two_relays_of_a_session_at_most(proxy: HttpsProxy) -> None:
    relays, session = TlsRelays(str(proxy.ca_file)), uuid4()
    found = [
        await relays.through(session, ProxyAddress("https", NAME, port), "127.0.0.1")
        for port in (1, 2, 3)
    ]

    assert [await accepts(one.port) for one in found] == [False, True, True]
    relays.close([session])
    assert [await accepts(one.port) for one in found] == [False, False, False]


async def accepts(port: int) -> bool:
    await asyncio.sleep(0)  # a closed listener goes with the next turn of the loop
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
