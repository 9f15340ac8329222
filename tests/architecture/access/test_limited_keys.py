"""A key that is limited to one location works there, and nothing else exists for it.

Every API route is requested with the ids of the key's location and of another location of the same
account. A new route is tested by default.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from locations.models import Account, ApiKey
from tests.architecture.access.differences import assert_shows_nothing_of, fill
from tests.architecture.addresses import Address, of_accounts
from tests.architecture.rows import Rows
from tests.factory import make_account

pytestmark = pytest.mark.django_db

API = [address for address in of_accounts() if address.is_api]
WITH_IDS = [address for address in API if address.takes_id]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
NOT_ALLOWED = 405
ONE_PER_ACCOUNT = {"Export", "SupportBundle"}  # while they wait; the API has none


def each(found: list[Address]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("address", found, ids=[address.name for address in found])


@pytest.fixture
def account() -> Account:
    return make_account()


@pytest.fixture
def own(account: Account) -> Rows:
    """Rows of the location of the key."""
    rows = Rows(account, of_one_location=True)
    fill(rows)
    return rows


@pytest.fixture
def elsewhere(account: Account) -> Rows:
    """Rows of another location of the same account, created on first use."""
    return Rows(account, of_one_location=True)


@pytest.fixture
def key(own: Rows) -> str:
    """The secret of a key with every scope that is limited to one location."""
    key, secret = ApiKey.issue(own.account, "Limited")
    ApiKey.objects.filter(pk=key.pk).update(is_limited=True)
    key.locations.set([own.of("Location")])
    return secret


def _send(key: str, method: str, path: str, body: Any = None) -> HttpResponse:
    client: Any = Client()
    answer: HttpResponse = client.generic(
        method, path, body or "{}", content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )  # fmt: skip
    return answer


def _statuses(address: Address, key: str, rows: Rows | None) -> set[int]:
    """Return the statuses of all methods that the route accepts."""
    path = address.path(rows)
    return {_send(key, method, path).status_code for method in METHODS} - {NOT_ALLOWED}


@each(WITH_IDS)
def test_it_opens_rows_of_its_location(address: Address, own: Rows, key: str) -> None:
    assert not _statuses(address, key, own) & {401, 403, 404, 500}


@each(WITH_IDS)
def test_it_finds_no_rows_of_other_locations(address: Address, elsewhere: Rows, key: str) -> None:
    fill(elsewhere, without=ONE_PER_ACCOUNT)

    assert _statuses(address, key, elsewhere) == {404}


@each(WITH_IDS)
def test_it_finds_no_rows_of_the_whole_account(address: Address, own: Rows, key: str) -> None:
    of_account = Rows(own.account)

    if {"webhook_id", "delivery_id"} & address.ids:
        assert _statuses(address, key, of_account) == {404}
    else:
        assert address.ids <= {"location_id", "session_id"}


@each(API)
@pytest.mark.parametrize("method", METHODS)
def test_it_shows_nothing_of_other_locations(
    address: Address, method: str, own: Rows, elsewhere: Rows, key: str
) -> None:
    assert_shows_nothing_of(
        lambda: fill(elsewhere, without=ONE_PER_ACCOUNT),
        lambda: _send(key, method, address.path(own)),
    )


@pytest.mark.parametrize(
    "route", ["/api/v1/sessions/", "/api/v1/webhooks/"], ids=["sessions", "webhooks"]
)
def test_it_adds_nothing_to_other_locations(route: str, elsewhere: Rows, key: str) -> None:
    location = elsewhere.of("Location")
    body = f'{{"location": "{location.pk}", "url": "https://93.184.216.34/", "events": ["notice"]}}'

    assert _send(key, "POST", route, body).status_code in {404, 422}
