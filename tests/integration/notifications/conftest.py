"""Alice owns the account, bob is a member, vera a viewer, charlie a stranger."""

from __future__ import annotations

import pytest
from django.test import Client

from locations.models import Account, Role, User
from tests.factory import make_account, make_user


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def home(db: None) -> Account:
    """Create the account of alice, bob and vera."""
    return make_account()


@pytest.fixture
def alice(home: Account) -> Client:
    return sign_in(make_user("alice", home, Role.OWNER))


@pytest.fixture
def bob(home: Account) -> Client:
    return sign_in(make_user("bob", home, Role.MEMBER))


@pytest.fixture
def vera(home: Account) -> Client:
    return sign_in(make_user("vera", home, Role.VIEWER))


@pytest.fixture
def charlie(db: None) -> Client:
    return sign_in(make_user("charlie", make_account("Elsewhere"), Role.OWNER))
