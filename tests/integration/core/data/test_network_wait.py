"""No database connection is held while a thread waits for the network."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.background.row_queue import Lease
from core.data.network_wait import WaitInTransaction, before_network_wait
from locations.models import Account, ApiKey
from notifications.mail.message import ClaimedMail
from notifications.mail.smtp_connection import SmtpWorker
from notifications.webhooks.http_client import Poster
from notifications.webhooks.queue import ClaimedDelivery
from operations.support_bundles.build import BundleRequest, build_bundle
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.models import Session
from sessions_app.store.session_store import DatabaseSessionStore
from sessions_app.store.transitions import state_of
from tests.factory import make_account, make_location, make_session, make_user
from tests.integration.core.data.network_watch import watched
from tests.integration.transactions import TRANSACTIONS

pytestmark = pytest.mark.django_db(transaction=True)
has_pool = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="an SQLite database in memory stays open"
)


@dataclass(frozen=True)
class World:
    """An account, its clients, and the port of a server that accepts and hangs up."""

    account: Account
    browser: Client
    key: str
    session: Session
    port: int
    folder: Path

    @property
    def proxy(self) -> dict[str, Any]:
        return {"scheme": "socks5", "host": "localhost", "port": self.port}

    def api(self, method: str, path: str, body: Any) -> Any:
        return Client().generic(
            method,
            f"/api/v1/{path}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )


@pytest.fixture
def hanging_up() -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):  # closed at the end of the test
            while True:
                listener.accept()[0].close()

    threading.Thread(target=serve, daemon=True).start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def world(hanging_up: int, settings: Settings, tmp_path: Path) -> World:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "localhost", hanging_up
    account = make_account()
    browser = Client()
    browser.force_login(make_user("alice", account))
    session = make_session(make_location(account))
    return World(account, browser, ApiKey.issue(account, "ours")[1], session, hanging_up, tmp_path)


def _proxy_page(world: World) -> None:
    world.browser.post(f"/sessions/{world.session.pk}/proxy/", world.proxy)


def _proxy_api(world: World) -> None:
    world.api("PUT", f"sessions/{world.session.pk}/proxy/", world.proxy)


def _connect_page(world: World) -> None:
    place = make_location(world.account, "Porto")
    world.browser.post("/connect/", {**world.proxy, "location": str(place.pk)})


def _session_api(world: World) -> None:
    place = make_location(world.account, "Porto")
    world.api("POST", "sessions/", {"location": str(place.pk), "proxy": world.proxy})


def _webhook_page(world: World) -> None:
    world.browser.post(
        "/settings/webhooks/new/", {"url": "https://nowhere.invalid/x", "events": "notice"}
    )


def _webhook_api(world: World) -> None:
    world.api("POST", "webhooks/", {"url": "https://nowhere.invalid/x", "events": ["notice"]})


def _sign_in_mail(world: World) -> None:
    Client().post("/reset/", {"email": "alice@example.com"})


def _bundle(world: World) -> None:
    build_bundle(BundleRequest(world.account.pk, None, 10), world.folder / "bundle.zip")


FROM_REQUESTS = [
    _proxy_page,
    _proxy_api,
    _connect_page,
    _session_api,
    _webhook_page,
    _webhook_api,
    _sign_in_mail,
    _bundle,
]


@has_pool
@pytest.mark.parametrize("act", FROM_REQUESTS)
def test_it_holds_no_connection_in_requests(world: World, act: Callable[[World], None]) -> None:
    with watched() as watch:
        act(world)

    assert watch.seen
    assert watch.held == []


async def _start_of_a_number(world: World) -> None:
    url = f"socks5://localhost:{world.port}"
    mine = Session.objects.filter(pk=world.session.pk)
    await TRANSACTIONS.run(lambda: mine.update(proxy=url, lease_owner="gateway"))
    row = await TRANSACTIONS.run(Session.objects.for_gateway().get)
    store = DatabaseSessionStore("gateway", "host", 1, TRANSACTIONS)
    with suppress(ProxyUnusable):
        await store.proxy_of(state_of(row))


async def _delivery(world: World) -> None:
    url = f"https://localhost:{world.port}/"
    lease = Lease(uuid4(), ())
    async with Poster() as poster:
        await poster.post(
            ClaimedDelivery(
                uuid4(), uuid4(), uuid4(), None, "notice", 1, url, "secret", b"{}", lease
            )
        )


async def _mail(world: World) -> None:
    now, lease = timezone.now(), Lease(uuid4(), ())
    worker = SmtpWorker()
    await worker.send(ClaimedMail(uuid4(), None, "a@b.example", "Hi", now, now, 0, lease, 1e9, "x"))
    worker.close()


@has_pool
@pytest.mark.parametrize("act", [_start_of_a_number, _delivery, _mail])
def test_it_holds_no_connection_in_background_work(world: World, act: Any) -> None:
    with watched() as watch:
        connections.close_all()  # the event loop's thread has none
        asyncio.run(act(world))

    assert watch.seen
    assert watch.held == []


@pytest.mark.django_db(transaction=True)
def test_it_refuses_a_wait_in_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(WaitInTransaction):
        before_network_wait()


@pytest.mark.django_db
def test_it_leaves_the_transaction_of_a_test_open() -> None:
    account = make_account()

    before_network_wait()

    assert Account.objects.filter(pk=account.pk).exists()
