from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from locations.models import Account, Location, Role
from locations.principals import Principal
from sessions_app.links import actions
from sessions_app.models import ConnectLink, Session
from tests.factory import make_account, make_location


@dataclass
class Phone:
    """A browser that opens a link, without any cookies."""

    token: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def address(self, part: str = "") -> str:
        return f"/link/{self.token}/{part}"

    def look(self, part: str = "") -> Any:
        return self.client.get(self.address(part))

    def press(self, part: str = "", **data: str) -> Any:
        return self.client.post(self.address(part), data, follow=True)


@dataclass
class Scene:
    """alice's location, and a link to its code that she has made."""

    location: Location
    link: ConnectLink
    token: str

    def phone(self) -> Phone:
        return Phone(self.token)

    @property
    def session(self) -> Session | None:
        return actions.live_session(self.location)


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def alice(account: Account) -> Principal:
    return Principal({account.pk: Role.OWNER}, "alice@example.com")


@pytest.fixture
def scene(account: Account, alice: Principal) -> Scene:
    location = make_location(account, "Lisbon")
    link, token = actions.create(alice, location, timedelta(hours=24))
    return Scene(location, link, token)
