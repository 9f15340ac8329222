"""Checks of proxies that never answer are bounded for each account."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account
from locations.plans.action_limits import ActionLimit
from sessions_app.engine.proxy_url import ProxyAddress
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.models import Session
from sessions_app.proxies.checker import CHECKS_AT_ONCE, check_proxy
from tests.factory import make_account, make_location, make_session
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("simulator")]


class SilentProxy:
    """Accepts connections and never answers."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(30)
        port = self.listener.getsockname()[1]
        self.fields: dict[str, Any] = {"scheme": "socks5", "host": "127.0.0.1", "port": port}
        self.clients: list[socket.socket] = []

    def wait_for(self, clients: int) -> None:
        while len(self.clients) < clients:
            self.clients.append(self.listener.accept()[0])

    def hang_up(self) -> None:
        for client in self.clients:
            client.close()
        self.listener.close()


@pytest.fixture
def silent() -> Iterator[SilentProxy]:
    proxy = SilentProxy()
    yield proxy
    proxy.hang_up()


def put(key: str, session: Session, proxy: dict[str, Any]) -> Any:
    return Caller(key).call("PUT", f"/sessions/{session.pk}/proxy/", proxy)


def checked(account: Account, silent: SilentProxy) -> str:
    """The sentence of a check in a thread of its own, which uses no row."""
    try:
        check_proxy(ProxyAddress(**silent.fields), account.pk)
    except ProxyUnusable as error:
        return str(error)
    return ""


def test_it_refuses_one_check_too_many_at_once(
    bob: Client, session: Session, account: Account, silent: SilentProxy, proxy: dict[str, Any]
) -> None:
    key = make_key(account)
    other = make_session(make_location(make_account("Elsewhere")))
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as threads:
        checks = [threads.submit(checked, account, silent) for _ in range(CHECKS_AT_ONCE)]
        silent.wait_for(CHECKS_AT_ONCE)

        refused = put(key, session, proxy)
        page = bob.post(reverse("session_proxy", args=[session.pk]), proxy)
        elsewhere = put(make_key(other.account), other, proxy)
        silent.hang_up()

        assert all("WhatsApp" in check.result() for check in checks)
    body = assert_problem(refused, 429, "too_many_requests")
    assert body["detail"].endswith("are being checked. Try again in 10 seconds.")
    assert "Try again in 10 seconds." in page.text
    assert str(proxy["port"]) in page.text  # the form keeps what was typed
    assert elsewhere.status_code == 200
    assert put(key, session, proxy).status_code == 200


def test_it_refuses_one_check_too_many_per_minute(
    session: Session, account: Account, silent: SilentProxy
) -> None:
    silent.hang_up()
    key = make_key(account)
    for _ in range(ActionLimit.PROXY_CHECKS_OF_ACCOUNT.value.most):
        put(key, session, silent.fields)

    answer = put(key, session, silent.fields)

    body = assert_problem(answer, 429, "too_many_requests")
    assert str(ActionLimit.PROXY_CHECKS_OF_ACCOUNT.value) in body["detail"]
    assert int(answer.headers["Retry-After"]) >= 1
