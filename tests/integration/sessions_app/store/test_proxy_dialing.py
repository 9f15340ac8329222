"""A start dials a proxy at an address that was just checked, or nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from sessions_app.gateway.ports import LeaseLost, ProxyUnusable
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from sessions_app.store.proxy_dialing import url_to_dial
from sessions_app.store.session_store import DatabaseSessionStore
from sessions_app.store.tls_relay import TlsRelays
from sessions_app.store.transitions import state_of
from tests.factory import make_session
from tests.integration.transactions import TRANSACTIONS


@pytest.fixture
def production(settings: Settings) -> None:
    settings.DEBUG, settings.WHATSAPP_SIMULATOR = False, ""


def dialled(url: str) -> str:
    return asyncio.run(url_to_dial(url, uuid4(), uuid4(), TlsRelays()))


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_it_dials_the_address_that_it_checked(settings: Settings, scheme: str) -> None:
    """Otherwise the name could resolve to another address a moment later."""
    settings.DEBUG = True

    assert dialled(f"{scheme}://u:p%40@localhost:1080") == f"{scheme}://u:p%40@127.0.0.1:1080"


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.0.0.1", "[::1]", "[fd00::1]"])
def test_it_never_dials_the_operators_own_network(production: None, scheme: str, host: str) -> None:
    sentence = "does not lead" if host == "localhost" else "not public"
    with pytest.raises(ProxyUnusable, match=sentence):
        dialled(f"{scheme}://{host}:1080")


def test_it_dials_a_public_address(production: None) -> None:
    assert dialled("socks5://u:p@8.8.8.8:1080") == "socks5://u:p@8.8.8.8:1080"


def test_it_resolves_while_others_names_get_no_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that does not respond holds the thread that asked it."""
    settings.DEBUG = True
    responds, ask = threading.Event(), socket.getaddrinfo

    def slow(host: str, *rest: Any, **options: Any) -> Any:
        if host.endswith(".silent.invalid"):
            responds.wait(30)
        return ask(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    account, relays = uuid4(), TlsRelays()

    async def race() -> str:
        silent = [
            asyncio.create_task(
                url_to_dial(f"http://{n}.silent.invalid:1", uuid4(), account, relays)
            )
            for n in range(40)
        ]
        await asyncio.sleep(0.05)
        found = await url_to_dial("socks5://localhost:1080", uuid4(), uuid4(), relays)
        assert not any(task.done() for task in silent[:4])
        responds.set()
        await asyncio.gather(*silent, return_exceptions=True)
        return found

    assert asyncio.run(race()) == "socks5://127.0.0.1:1080"


@pytest.mark.parametrize("url", ["unreadable", "ftp://u:s3cret@8.8.8.8:21", "http://8.8.8.8"])
def test_it_refuses_a_malformed_proxy_url(url: str) -> None:
    with pytest.raises(ProxyUnusable) as refused:
        dialled(url)
    assert "s3cret" not in str(refused.value)


def asked(session: Session, owner: str = "test") -> str | None:
    """Return the proxy that the gateway ``owner`` gets."""

    row = Session.objects.for_gateway().get(pk=session.pk)
    store = DatabaseSessionStore(owner, "host", 1, TRANSACTIONS)
    return asyncio.run(store.proxy_of(state_of(row)))


@pytest.mark.django_db(transaction=True)
def test_it_reads_the_proxy_with_each_start(settings: Settings) -> None:
    settings.DEBUG = True
    session = make_session(status=Status.READY)
    assert asked(session) is None

    Session.objects.filter(pk=session.pk).update(proxy="socks5://u:p@127.0.0.1:1080")

    assert asked(session) == "socks5://u:p@127.0.0.1:1080"


@pytest.mark.django_db(transaction=True)
def test_it_refuses_a_proxy_that_cannot_be_decrypted(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [b"l" * 32]
    session = make_session(status=Status.READY, proxy="http://8.8.8.8:3128")
    settings.FIELD_ENCRYPTION_KEYS = [b"k" * 32]

    with pytest.raises(ProxyUnusable, match="cannot be read"):
        asked(session)


@pytest.mark.django_db(transaction=True)
def test_it_gives_the_proxy_only_to_the_leaseholder() -> None:
    session = make_session(status=Status.READY, proxy="http://8.8.8.8:3128")

    with pytest.raises(LeaseLost):
        asked(session, owner="another")
