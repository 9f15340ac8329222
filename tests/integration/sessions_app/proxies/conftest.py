"""A simulated WhatsApp with proxies, through which the checks really connect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from locations.models import Account, Location, Role
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user
from tests.wire.product import Simulator

USER, PASSWORD = "lisbon-office", "p@ss:w/rd %41"


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = Simulator(tmp_path_factory.mktemp("simulator"))
    yield running
    running.stop()


@pytest.fixture
def simulator(shared_simulator: Simulator, settings: Settings) -> Simulator:
    settings.WHATSAPP_SIMULATOR = str(shared_simulator.state_file)
    settings.DEBUG = True
    return shared_simulator


@pytest.fixture
def proxy(simulator: Simulator) -> dict[str, Any]:
    """A working proxy, as form fields."""
    made = simulator.ask("POST", "/api/proxies", {"user": USER, "password": PASSWORD})
    return {
        "scheme": "socks5",
        "host": made["host"],
        "port": made["port"],
        "user": USER,
        "password": PASSWORD,
    }


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def location(account: Account) -> Location:
    return make_location(account)


@pytest.fixture
def session(location: Location) -> Session:
    return make_session(location)


def _signed_in(name: str, account: Account, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(name, account, role))
    return client


@pytest.fixture
def bob(account: Account) -> Client:
    return _signed_in("bob", account, Role.MEMBER)


@pytest.fixture
def vera(account: Account) -> Client:
    return _signed_in("vera", account, Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> Client:
    return _signed_in("charlie", make_account("Elsewhere"), Role.OWNER)
