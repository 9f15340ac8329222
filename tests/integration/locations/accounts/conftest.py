"""The cast: alice owns the account, bob is a member, vera a viewer, charlie a stranger."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from core import tenancy
from locations.models import Account, Role, User
from notifications.models import Mail
from tests.factory import make_account, make_user

SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def rows_of_all() -> Iterator[None]:
    """Tests see rows of every account; requests still start without a scope."""
    with tenancy.everyone():
        yield


@pytest.fixture
def account(db: None) -> Account:
    return make_account("Harbour Group")


@pytest.fixture
def people(account: Account) -> dict[str, User]:
    return {
        "alice": make_user("alice", account, Role.OWNER),
        "bob": make_user("bob", account, Role.MEMBER),
        "vera": make_user("vera", account, Role.VIEWER),
        "charlie": make_user("charlie", make_account("Elsewhere"), Role.OWNER),
    }


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def alice(people: dict[str, User], sign_in: SignIn) -> Client:
    return sign_in(people["alice"])


@pytest.fixture
def bob(people: dict[str, User], sign_in: SignIn) -> Client:
    return sign_in(people["bob"])


@pytest.fixture
def vera(people: dict[str, User], sign_in: SignIn) -> Client:
    return sign_in(people["vera"])


@pytest.fixture
def charlie(people: dict[str, User], sign_in: SignIn) -> Client:
    return sign_in(people["charlie"])


def token_in_mail(number: int = -1) -> str:
    """The token of the invitation in a mail that is on its way."""
    text = written()[number].text
    found = re.search(r"/invitations/([\w-]+)/", text)
    assert found is not None, text
    return found[1]


def written() -> list[Mail]:
    """The mails in the outbox, the oldest first."""
    return list(Mail.objects.order_by("created_at"))
