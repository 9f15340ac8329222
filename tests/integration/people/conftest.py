"""People at the door: every road in, out and around, as the browser walks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from locations.models import Account, Role, User
from tests.factory import make_account, make_user


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """The limits count in the cache, which lives as long as the process."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def alice(account: Account) -> User:
    return make_user("alice", account, Role.OWNER)


@pytest.fixture
def browser() -> Client:
    """A browser that nobody has signed in with."""
    return Client()


@pytest.fixture
def signed_in(alice: User) -> Client:
    """Alice's browser."""
    client = Client()
    client.force_login(alice)
    return client
