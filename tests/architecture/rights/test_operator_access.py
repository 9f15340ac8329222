"""Every URL, requested by an operator who views an account as its owner.

URLs are read from the URL configuration. A new one that changes something must be refused, or be
listed in ``locations/operator_access.py`` and leave nothing behind that outlives the view.
"""

from __future__ import annotations

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import get_resolver, reverse

from locations.models import ApiKey, Invitation, Member, Role, User
from locations.operator_access import ALLOWED
from notifications.models import Delivery, Mail, Webhook
from sessions_app.models import ConnectLink, SupportBundle
from tests.architecture.addresses import ADMIN, Address, _patterns
from tests.architecture.rows import Rows
from tests.architecture.test_audit_trail import FORM_DATA
from tests.factory import make_account, make_user

pytestmark = pytest.mark.django_db

# What gives access or carries data out after the view has ended.
LASTING: list[type[Model]] = [
    ApiKey, ConnectLink, Delivery, Invitation, Mail, Member, SupportBundle, User, Webhook,
]  # fmt: skip
METHODS = ("post", "put", "patch", "delete")


def _addresses() -> list[Address]:
    found = _patterns(get_resolver().url_patterns, "", "")
    return [Address(name, route) for name, route in found if not route.startswith(ADMIN)]


ADDRESSES = _addresses()
NAMES = [address.name for address in ADDRESSES]


@pytest.fixture
def rows() -> Rows:
    account = make_account()
    make_user("alice", account, Role.OWNER)
    return Rows(account)


@pytest.fixture
def operator(rows: Rows) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("op@example.com"))
    begin = reverse("admin:locations_account_view", args=[rows.account.pk])
    assert client.post(begin, {"reason": "Ticket 4711"}).status_code == 302
    return client


def lasting() -> dict[str, list[object]]:
    return {
        model.__name__: list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        for model in LASTING
    }


@pytest.mark.parametrize("address", ADDRESSES, ids=NAMES)
def test_it_refuses_what_is_not_listed(address: Address, operator: Client, rows: Rows) -> None:
    path = address.path(rows)
    body = FORM_DATA[address.name](rows) if address.name in FORM_DATA else {}
    before = lasting()

    answers = {method: getattr(operator, method)(path, body) for method in METHODS}

    statuses = {answer.status_code for answer in answers.values()}
    if address.name not in ALLOWED:
        assert statuses == {403}
        assert "You are viewing this account" in answers["post"].text
    else:
        assert answers["post"].status_code in {200, 302, 422}
    assert lasting() == before


@pytest.mark.parametrize("address", ADDRESSES, ids=NAMES)
def test_it_serves_no_download(address: Address, operator: Client, rows: Rows) -> None:
    answer = operator.get(address.path(rows))

    assert answer.status_code < 500
    assert not answer.headers.get("Content-Disposition", "").startswith("attachment")


def test_it_lists_only_what_exists() -> None:
    assert set(NAMES) >= ALLOWED
