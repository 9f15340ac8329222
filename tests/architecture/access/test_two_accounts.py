"""Pages show the current account, whatever another account of the same user contains.

alice owns one account and is a viewer, or an owner, in another. Every page, form and API address is
requested before and after the other account has a row of every kind (``differences.py``).
"""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from locations.models import Account, ApiKey, Member, Role, User
from tests.architecture.access.differences import assert_shows_nothing_of, fill
from tests.architecture.addresses import Address, of_accounts
from tests.architecture.rows import Rows
from tests.factory import make_account, make_user

pytestmark = pytest.mark.django_db

ALL = of_accounts()
LISTS = [address for address in ALL if not address.takes_id]


def each(found: list[Address]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("address", found, ids=[address.name for address in found])


@pytest.fixture
def rows() -> Rows:
    return Rows(make_account())


@pytest.fixture
def alice(rows: Rows) -> User:
    return make_user("alice", rows.account, Role.OWNER)


@pytest.fixture
def other(alice: User) -> Account:
    """Another account, empty, in which alice is a viewer."""
    return _joined(alice, Role.VIEWER)


@pytest.fixture
def owned(alice: User) -> Account:
    """Another account, empty, in which alice may do everything."""
    return _joined(alice, Role.OWNER)


def _joined(user: User, role: Role) -> Account:
    account = make_account("Elsewhere")
    Member.objects.create(account=account, user=user, role=role)
    return account


class Caller:
    """alice in a browser, or a key of her account, with the first account as the current one."""

    def __init__(self, user: User, account: Account) -> None:
        self._client = Client(raise_request_exception=False)
        self._client.force_login(user)
        self._key = ApiKey.issue(account, "all")[1]

    def send(self, address: Address, method: str, rows: Rows) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self._key}"} if address.is_api else {}
        client: Any = Client() if address.is_api else self._client
        send = client.get if method == "GET" else client.post
        answer: HttpResponse = send(address.path(rows), {}, headers=headers)
        return answer


@each(ALL)
def test_it_shows_nothing_of_an_account_to_view(
    address: Address, rows: Rows, alice: User, other: Account
) -> None:
    fill(rows)
    caller = Caller(alice, rows.account)

    assert_shows_nothing_of(lambda: fill(Rows(other)), lambda: caller.send(address, "GET", rows))


@each(ALL)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_shows_nothing_of_another_own_account(
    address: Address, method: str, rows: Rows, alice: User, owned: Account
) -> None:
    fill(rows)
    caller = Caller(alice, rows.account)

    assert_shows_nothing_of(lambda: fill(Rows(owned)), lambda: caller.send(address, method, rows))


@each(LISTS)
def test_it_shows_empty_lists_beside_a_full_account(
    address: Address, rows: Rows, alice: User, owned: Account
) -> None:
    caller = Caller(alice, rows.account)

    assert_shows_nothing_of(lambda: fill(Rows(owned)), lambda: caller.send(address, "GET", rows))
