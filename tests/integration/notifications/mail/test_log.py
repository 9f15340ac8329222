"""Settings › Mails sent: the log of mails, with their states."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account, Role, User
from tests.factory import make_account, make_mail, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return make_account()


@pytest.fixture
def people(account: Account) -> dict[str, User]:
    return {
        "alice": make_user("alice", account),
        "bob": make_user("bob", account, Role.MEMBER),
        "vera": make_user("vera", account, Role.VIEWER),
    }


def _page(user: User, **asked: Any) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("mails"), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def _mail(user: User, account: Account, **columns: Any) -> None:
    make_mail(account, user=user, to=user.email, subject=f"To {user.email}", **columns)


def test_it_shows_all_mails_to_owners_only(account: Account, people: dict[str, User]) -> None:
    for user in people.values():
        _mail(user, account)
    make_mail(make_account("Elsewhere"), to="charlie@example.com")

    seen = {
        name: {other for other in [*people, "charlie"] if f"To {other}@" in _page(user)}
        for name, user in people.items()
    }

    assert seen == {"alice": {"alice", "bob", "vera"}, "bob": {"bob"}, "vera": {"vera"}}
    assert "charlie@example.com" not in _page(people["alice"])


def test_it_shows_no_text_of_a_mail(account: Account, people: dict[str, User]) -> None:
    _mail(people["alice"], account, text="Private words", html="<p>Private words</p>")

    assert "Private words" not in _page(people["alice"])


def test_it_filters_by_address_state_and_kind(account: Account, people: dict[str, User]) -> None:
    _mail(people["alice"], account, state="sent", kind="lost")
    _mail(people["bob"], account, state="failed", kind="plan", error="The mail was refused.")

    assert "To bob@" not in _page(people["alice"], q="ALICE")
    assert "To alice@" not in _page(people["alice"], state="failed")
    failed = _page(people["alice"], kind="plan")
    assert "To bob@" in failed
    assert "The mail was refused." in failed
    assert "Trial, plan and payment" in failed
    assert "No mails match these filters." in _page(people["alice"], q="nobody")
    assert "To alice@" in _page(people["alice"], state="no such state")


def test_it_keeps_the_filters_on_other_pages(account: Account, people: dict[str, User]) -> None:
    for _ in range(26):
        _mail(people["alice"], account)

    first = _page(people["alice"], q="alice")

    assert first.count("To alice@") == 25
    assert "q=alice&amp;page=2" in first or "q=alice&page=2" in first
    assert _page(people["alice"], q="alice", page="2").count("To alice@") == 1


def test_it_is_linked_from_the_settings(
    people: dict[str, User],
) -> None:
    page = _page(people["bob"])

    assert f'href="{reverse("mails")}" aria-current="page"' in page
    assert "No mails yet." in page
