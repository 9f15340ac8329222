"""The cast: alice owns the account, bob is a member, vera a viewer, charlie a stranger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from locations.models import Account, Location, Role, User
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user

SignIn = Callable[[User], Client]


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def location(account: Account) -> Location:
    return make_location(account)


@pytest.fixture
def session(location: Location) -> Session:
    return make_session(location)


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def alice(account: Account, sign_in: SignIn) -> Client:
    return sign_in(make_user("alice", account, Role.OWNER))


@pytest.fixture
def bob(account: Account, sign_in: SignIn) -> Client:
    return sign_in(make_user("bob", account, Role.MEMBER))


@pytest.fixture
def vera(account: Account, sign_in: SignIn) -> Client:
    return sign_in(make_user("vera", account, Role.VIEWER))


@pytest.fixture
def charlie(db: None, sign_in: SignIn) -> Client:
    return sign_in(make_user("charlie", make_account("Elsewhere"), Role.OWNER))
