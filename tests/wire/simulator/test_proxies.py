"""Proxies of the simulator: logins, states, and the log."""

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
    """Create a proxy with a login."""
    created = simulator.post("/api/proxies", user="lisbon", password="s3cret")
    yield created
    simulator.call("DELETE", f"/api/proxies/{created['name']}")


def dial(simulator: Simulator, proxy: Any, scheme: str, login: str, seconds: float = 10) -> None:
    """Open a TLS session with WhatsApp's host through ``proxy``. Raises errors of python-socks."""

    async def connect() -> None:
        dialer = Proxy.from_url(f"{scheme}://{login}{proxy['host']}:{proxy['port']}")
        trust = ssl.create_default_context(cafile=simulator.found["ca_file"])
        stream = await dialer.connect("web.whatsapp.com", 443, dest_ssl=trust, timeout=seconds)
        await stream.close()  # type: ignore[no-untyped-call]

    asyncio.run(connect())


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_it_accepts_the_login_of_a_proxy(simulator: Simulator, proxy: Any, scheme: str) -> None:
    dial(simulator, proxy, scheme, "lisbon:s3cret@")

    last = [one for one in simulator.get("/api/log") if one["kind"] == "dial"][-1]
    assert (last["proxy"], last["proxy_user"]) == (proxy["name"], "lisbon")
    assert last["target"] == "web.whatsapp.com:443"


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("login", ["", "lisbon:wrong@", "porto:s3cret@"])
def test_it_rejects_other_logins(simulator: Simulator, proxy: Any, scheme: str, login: str) -> None:
    with pytest.raises(ProxyError):
        dial(simulator, proxy, scheme, login)
    assert simulator.get("/api/log")[-1]["refused"] == "login"


def test_it_needs_no_login_for_an_open_proxy(simulator: Simulator) -> None:
    dial(simulator, simulator.post("/api/proxies"), "http", "")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize(
    ("state", "error"),
    [("blocked", ProxyError), ("silent", ProxyTimeoutError), ("dead", ProxyConnectionError)],
)
def test_it_breaks_and_repairs_a_proxy(
    simulator: Simulator, proxy: Any, scheme: str, state: str, error: type[Exception]
) -> None:
    simulator.post(f"/api/proxies/{proxy['name']}", state=state)
    with pytest.raises(error):
        dial(simulator, proxy, scheme, "lisbon:s3cret@", seconds=1)

    repaired = simulator.post(f"/api/proxies/{proxy['name']}", state="open")
    assert repaired["port"] == proxy["port"]
    dial(simulator, proxy, scheme, "lisbon:s3cret@")


def test_it_never_shows_a_password(simulator: Simulator, proxy: Any) -> None:
    shown = f"{proxy} {simulator.get('/api/proxies')} {simulator.get('/api/log')}"

    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/proxies", {"state": "angry"}, 400),
        ("/api/proxies", {"user": 7}, 400),
        ("/api/proxies/unknown", {"state": "open"}, 404),
    ],
)
def test_it_refuses_invalid_proxy_requests(
    simulator: Simulator, path: str, body: dict[str, Any], status: int
) -> None:
    with pytest.raises(ApiError) as refused:
        simulator.post(path, **body)
    assert refused.value.status == status


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_it_sees_neonize_use_its_proxy_for_everything(
    simulator: Simulator, proxy: Any, scheme: str, tmp_path: Path
) -> None:
    """Without a proxy in the environment, any other dial would leave this machine and fail. With
    the front proxy in the environment, any other dial would be logged."""
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
        proxies = {event.get("proxy") for event in _of(simulator, since, kind)}
        assert proxies == {proxy["name"]}, kind


def _of(simulator: Simulator, since: int, kind: str) -> list[Any]:
    return [one for one in simulator.get(f"/api/log?since={since}") if one["kind"] == kind]
