"""Proxies of the simulator: who may pass, what they do when they are broken, what is recorded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from python_socks.async_.asyncio.v2 import Proxy

from tests.wire.simulator.wire_harness import ApiError, Neonize, Simulator, wait_for


@pytest.fixture
def proxy(simulator: Simulator) -> Iterator[Any]:
    """A proxy with a login."""
    made = simulator.post("/api/proxies", user="lisbon", password="s3cret")
    yield made
    simulator.call("DELETE", f"/api/proxies/{made['name']}")


def dial(simulator: Simulator, proxy: Any, scheme: str, login: str, seconds: float = 10) -> None:
    """A TLS session with WhatsApp's host through ``proxy``; raises as python-socks does."""

    async def through() -> None:
        way = Proxy.from_url(f"{scheme}://{login}{proxy['host']}:{proxy['port']}")
        trust = ssl.create_default_context(cafile=simulator.found["ca_file"])
        stream = await way.connect("web.whatsapp.com", 443, dest_ssl=trust, timeout=seconds)
        await stream.close()  # type: ignore[no-untyped-call]

    asyncio.run(through())


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_lets_pass_who_knows_its_login(
    simulator: Simulator, proxy: Any, scheme: str
) -> None:
    dial(simulator, proxy, scheme, "lisbon:s3cret@")

    last = [one for one in simulator.get("/api/log") if one["kind"] == "dial"][-1]
    assert (last["proxy"], last["proxy_user"]) == (proxy["name"], "lisbon")
    assert last["target"] == "web.whatsapp.com:443"


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("login", ["", "lisbon:wrong@", "porto:s3cret@"])
def test_a_proxy_lets_nobody_else_pass(
    simulator: Simulator, proxy: Any, scheme: str, login: str
) -> None:
    with pytest.raises(ProxyError):
        dial(simulator, proxy, scheme, login)
    assert simulator.get("/api/log")[-1]["refused"] == "login"


def test_a_proxy_without_a_login_lets_anybody_pass(simulator: Simulator) -> None:
    dial(simulator, simulator.post("/api/proxies"), "http", "")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize(
    ("mood", "error"),
    [("blocked", ProxyError), ("silent", ProxyTimeoutError), ("dead", ProxyConnectionError)],
)
def test_a_broken_proxy_is_broken_in_its_own_way_and_can_be_mended(
    simulator: Simulator, proxy: Any, scheme: str, mood: str, error: type[Exception]
) -> None:
    simulator.post(f"/api/proxies/{proxy['name']}", mood=mood)
    with pytest.raises(error):
        dial(simulator, proxy, scheme, "lisbon:s3cret@", seconds=1)

    mended = simulator.post(f"/api/proxies/{proxy['name']}", mood="open")
    assert mended["port"] == proxy["port"]
    dial(simulator, proxy, scheme, "lisbon:s3cret@")


def test_it_never_shows_a_password(simulator: Simulator, proxy: Any) -> None:
    told = f"{proxy} {simulator.get('/api/proxies')} {simulator.get('/api/log')}"

    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/proxies", {"mood": "angry"}, 400),
        ("/api/proxies", {"user": 7}, 400),
        ("/api/proxies/nobody", {"mood": "open"}, 404),
    ],
)
def test_it_refuses_what_is_no_proxy(
    simulator: Simulator, path: str, body: dict[str, Any], status: int
) -> None:
    with pytest.raises(ApiError) as refused:
        simulator.post(path, **body)
    assert refused.value.status == status


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_the_library_keeps_to_its_proxy_for_codes_chats_media_and_reconnects(
    simulator: Simulator, proxy: Any, scheme: str, tmp_path: Path
) -> None:
    """Without a proxy of the environment every other way would lead out of this machine; with
    the front door in its place each dial is counted."""
    neonize = Neonize(simulator, tmp_path, proxy_in_environment=scheme == "http")
    since = len(simulator.get("/api/log"))
    neonize.start("alice", proxy=f"{scheme}://lisbon:s3cret@{proxy['host']}:{proxy['port']}")
    number = simulator.post("/api/scan", qr=neonize.wait("QR", "alice")["text"])["number"]
    neonize.wait("OfflineSyncCompleted", "alice")
    friend = simulator.post("/api/phones")["number"]
    neonize.call("send_document", client="alice", to=friend[1:], data="AAAA")
    simulator.post("/api/faults", kind="reset", number=number)
    neonize.wait("Disconnected", "alice")
    wait_for(lambda: len(_of(simulator, since, "login")) >= 2, "the next login")
    neonize.close()

    for kind in ("dial", "qr", "login", "media_upload"):
        ways = {event.get("proxy") for event in _of(simulator, since, kind)}
        assert ways == {proxy["name"]}, kind


def _of(simulator: Simulator, since: int, kind: str) -> list[Any]:
    return [one for one in simulator.get(f"/api/log?since={since}") if one["kind"] == kind]
