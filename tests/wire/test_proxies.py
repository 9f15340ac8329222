"""A number with a proxy of its own comes through it, read at the far side, or not at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.wire.product import Product, Simulator, wait_for

USER, PASSWORD = "lisbon-office", "p@ss:w/rd %41"


@pytest.fixture
def product(product: Product, simulator: Simulator) -> Iterator[Product]:
    """The worker's product; the proxies of a test end with it, and so do their sessions."""
    sessions: list[str] = []
    product.proxied = sessions  # type: ignore[attr-defined]
    yield product
    for session in sessions:
        product.api("POST", f"sessions/{session}/unlink/")
    for proxy in simulator.ask("GET", "/api/proxies"):
        simulator.ask("DELETE", f"/api/proxies/{proxy['name']}")


def new_proxy(simulator: Simulator, **fields: Any) -> dict[str, Any]:
    login = {"user": USER, "password": PASSWORD}
    made: dict[str, Any] = simulator.ask("POST", "/api/proxies", {**login, **fields})
    return made


def as_typed(proxy: dict[str, Any], scheme: str = "http", **fields: Any) -> dict[str, Any]:
    """What a customer sends for ``proxy``."""
    login = {"user": USER, "password": PASSWORD}
    return {"scheme": scheme, "host": proxy["host"], "port": proxy["port"], **login, **fields}


def be(simulator: Simulator, proxy: dict[str, Any], mood: str) -> None:
    simulator.ask("POST", f"/api/proxies/{proxy['name']}", {"state": mood})


def now(simulator: Simulator) -> int:
    """The number of the last event in the simulator's log."""
    log = simulator.ask("GET", "/api/log")
    return int(log[-1]["seq"]) if log else 0


def logins(simulator: Simulator, number: str, since: int = 0) -> list[str | None]:
    """Through which proxies the number has logged in; None is the direct way."""
    return [
        one.get("proxy")
        for one in simulator.ask("GET", f"/api/log?since={since}")
        if one["kind"] == "login" and one["number"] == number.removeprefix("+")
    ]


def comes_through(simulator: Simulator, number: str) -> list[str | None]:
    """The proxies of the connections that the number has now."""
    connections = simulator.ask("GET", "/api/state")["connections"]
    return [one["proxy"] for one in connections if one["number"] == number]


def asked_directly(simulator: Simulator) -> set[str]:
    """The clients that wait for a scan and have come without a proxy."""
    waiting = simulator.ask("GET", "/api/state")["waiting_qrs"]
    return {one["ref_id"] for one in waiting if one["proxy"] is None}


def link_through(product: Product, simulator: Simulator, typed: dict[str, Any]) -> tuple[str, str]:
    """A session that has been created with a proxy, and linked: (session, number)."""
    of_other_tests = asked_directly(simulator)
    body = {"location": product.next_location(), "proxy": typed}
    status, answer = product.api("POST", "sessions/", body)
    assert status == 201, answer
    session = str(answer["id"])
    product.proxied.append(session)  # type: ignore[attr-defined]
    waiting = product.until(session, status="qr")
    assert asked_directly(simulator) <= of_other_tests, "a code was asked for directly"
    simulator.scan(waiting["qr"]["text"])
    ready = product.until(session, status="ready")
    moved = f"Session moved to another engine  session={session}"
    wait_for(lambda: moved in product.log(), "the move to a running engine")
    return session, str(ready["phone_number"])


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_it_links_through_a_proxy_with_a_login(
    product: Product, simulator: Simulator, scheme: str
) -> None:
    proxy = new_proxy(simulator)

    session, number = link_through(product, simulator, as_typed(proxy, scheme))

    assert comes_through(simulator, number) == [proxy["name"]]
    assert set(logins(simulator, number)) == {proxy["name"]}
    friend = simulator.new_phone()
    product.send(session, friend, "through the proxy")
    wait_for(lambda: simulator.messages(friend), "the text at the other phone")
    status, told = product.api("GET", f"sessions/{session}/proxy/")
    assert (status, told["address"], told["has_login"]) == (
        200,
        f"{scheme}://{proxy['host']}:{proxy['port']}",
        True,
    )


def test_it_waits_for_a_dead_proxy(product: Product, simulator: Simulator) -> None:
    """The library tries by itself, then we do: at the far side no try comes from elsewhere."""
    proxy = new_proxy(simulator)
    session, number = link_through(product, simulator, as_typed(proxy))
    since = now(simulator)

    be(simulator, proxy, "dead")

    failed = product.until(session, status="disconnected", reason="proxy_failed")
    assert failed["next_retry_at"] is not None
    again = wait_for(
        lambda: product.snapshot(session)["next_retry_at"] not in (None, failed["next_retry_at"]),
        "a second try",
    )
    assert again
    assert (logins(simulator, number, since), comes_through(simulator, number)) == ([], [])

    be(simulator, proxy, "open")
    product.until(session, status="ready")
    assert set(logins(simulator, number, since)) == {proxy["name"]}
    assert comes_through(simulator, number) == [proxy["name"]]


def test_it_reconnects_through_the_proxy_after_a_drop(
    product: Product, simulator: Simulator
) -> None:
    """The library's own reconnect keeps the proxy."""
    proxy = new_proxy(simulator)
    session, number = link_through(product, simulator, as_typed(proxy, "socks5"))
    since = now(simulator)

    simulator.fault("reset", number=number)

    wait_for(lambda: logins(simulator, number, since), "the next login")
    product.until(session, status="ready")
    assert set(logins(simulator, number, since)) == {proxy["name"]}


def test_it_moves_to_a_new_proxy_and_to_none(product: Product, simulator: Simulator) -> None:
    old, new = new_proxy(simulator), new_proxy(simulator)
    session, number = link_through(product, simulator, as_typed(old))
    since = now(simulator)

    status, answer = product.api("PUT", f"sessions/{session}/proxy/", as_typed(new, "socks5"))
    assert status == 200, (answer, product.log()[-6000:])
    wait_for(lambda: comes_through(simulator, number) == [new["name"]], "the new way")
    product.until(session, status="ready")
    assert set(logins(simulator, number, since)) == {new["name"]}

    product.api("DELETE", f"sessions/{session}/proxy/")
    wait_for(lambda: comes_through(simulator, number) == [None], "the direct way")
    product.until(session, status="ready")


def test_it_adds_a_proxy_to_a_linked_number(product: Product, simulator: Simulator) -> None:
    proxy = new_proxy(simulator)
    session, number = product.link()
    assert comes_through(simulator, number) == [None]
    since = now(simulator)

    status, answer = product.api("PUT", f"sessions/{session}/proxy/", as_typed(proxy))
    assert status == 200, (answer, product.log()[-6000:])

    wait_for(lambda: comes_through(simulator, number) == [proxy["name"]], "the new way")
    assert set(logins(simulator, number, since)) == {proxy["name"]}


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"host": "nowhere.invalid"}, {"port": 1}]
)
def test_it_keeps_the_old_route_for_a_broken_proxy(
    product: Product, simulator: Simulator, changes: dict[str, Any]
) -> None:
    proxy = new_proxy(simulator)
    session, number = product.link()

    typed = as_typed(proxy, **changes)
    status, answer = product.api("PUT", f"sessions/{session}/proxy/", typed)

    assert (status, answer["code"]) == (400, "invalid")
    assert "This proxy does not lead to WhatsApp." in str(answer["errors"])
    assert product.api("GET", f"sessions/{session}/proxy/")[1]["address"] is None
    assert comes_through(simulator, number) == [None]


@pytest.mark.parametrize("mood", ["silent", "blocked"])
def test_it_reports_a_proxy_that_stopped_working(
    product: Product, simulator: Simulator, mood: str
) -> None:
    proxy = new_proxy(simulator)
    session, number = link_through(product, simulator, as_typed(proxy, "socks5"))
    since = now(simulator)

    be(simulator, proxy, mood)
    product.api("POST", f"sessions/{session}/restart/")

    product.until(session, status="disconnected", reason="proxy_failed")
    be(simulator, proxy, "open")
    product.until(session, status="ready")
    assert set(logins(simulator, number, since)) == {proxy["name"]}


def test_it_reconnects_through_the_proxy_after_a_crash(
    product: Product, simulator: Simulator
) -> None:
    proxy = new_proxy(simulator)
    session, number = link_through(product, simulator, as_typed(proxy))
    since = now(simulator)

    for pid in product.engine_pids("running"):
        os.kill(pid, signal.SIGKILL)

    wait_for(lambda: logins(simulator, number, since), "the next login")
    product.until(session, status="ready")
    assert set(logins(simulator, number, since)) == {proxy["name"]}


def test_it_writes_no_proxy_login_anywhere(product: Product, simulator: Simulator) -> None:
    """Not in the log, nor in the database: there it is sealed."""
    proxy = new_proxy(simulator)
    link_through(product, simulator, as_typed(proxy))

    stored = b"".join(file.read_bytes() for file in product.folder.glob("pairline.sqlite3*"))
    written = product.log().encode() + stored
    for secret in (USER, PASSWORD, "p%40ss"):
        assert secret.encode() not in written
