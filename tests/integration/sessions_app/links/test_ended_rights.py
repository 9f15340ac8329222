"""A one-time link ends with the rights of the user who created it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from locations.accounts import actions as members
from locations.models import Account, AccountState, Member, Role, User
from locations.principals import principal_of_user
from sessions_app.links import actions
from tests.factory import make_location, make_user
from tests.integration.sessions_app.links.conftest import Phone

End = Callable[[Account, User], None]


def _remove(account: Account, bob: User) -> None:
    alice = User.objects.get(email="alice@example.com")
    members.remove(principal_of_user(alice), Member.objects.get(user=bob, account=account))


def _lower_role(account: Account, bob: User) -> None:
    Member.objects.filter(user=bob, account=account).update(role=Role.VIEWER)


def _deactivate(account: Account, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)


def _delete(account: Account, bob: User) -> None:
    bob.delete()


def _suspend(account: Account, bob: User) -> None:
    Account.objects.filter(pk=account.pk).update(state=AccountState.SUSPENDED)


@pytest.fixture
def bob(account: Account) -> User:
    make_user("alice", account, Role.OWNER)
    return make_user("bob", account, Role.MEMBER)


@pytest.fixture
def phone(account: Account, bob: User) -> Phone:
    """A browser with a link that bob has created on the page."""
    location, client = make_location(account, "Lisbon"), Client()
    client.force_login(bob)
    page = f"/locations/{location.pk}/links/"
    client.post(page, {"lifetime": "24h"})
    token = client.get(page).context["address"].rstrip("/").rpartition("/")[2]
    return Phone(token)


@pytest.mark.parametrize("end", [_remove, _lower_role, _deactivate, _delete, _suspend])
def test_it_ends_with_the_rights_of_its_creator(
    account: Account, bob: User, phone: Phone, end: End
) -> None:
    assert phone.look().status_code == 200

    end(account, bob)

    assert phone.look().status_code == 404
    assert phone.press().status_code == 404


@pytest.mark.parametrize("end", [_remove, _lower_role, _deactivate, _suspend])
def test_it_ends_in_the_browser_that_has_it_open(
    account: Account, bob: User, phone: Phone, end: End
) -> None:
    assert phone.press().status_code == 200
    link = actions.open_link(phone.token)
    assert link is not None

    end(account, bob)

    for answer in (phone.look(), phone.look("live/"), phone.press("pairing/", phone="+351911")):
        assert answer.status_code == 404
    assert actions.open_link_by_id(link.pk) is None


def test_it_keeps_the_links_of_others(account: Account, bob: User, phone: Phone) -> None:
    alice = principal_of_user(User.objects.get(email="alice@example.com"), account.pk)
    location = make_location(account, "Porto")
    _, token = actions.create(alice, location, timedelta(hours=1))

    _remove(account, bob)

    assert Phone(token).look().status_code == 200
    assert len(actions.open_links(location)) == 1
