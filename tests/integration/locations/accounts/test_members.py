from __future__ import annotations

import uuid
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import Account, AuditEvent, Member, Role, User
from tests.factory import PASSWORD
from tests.integration.locations.accounts.conftest import written

CHANGES = ["member_role", "member_remove", "member_hand_over"]


def post(client: Client, name: str, account: Account, user: User, **data: str) -> Any:
    return client.post(reverse(name, args=[account.pk, user.pk]), data)


def confirm(client: Client) -> None:
    client.post("/confirm/", {"password": PASSWORD})


@pytest.fixture(autouse=True)
def _own_limits(settings: Settings) -> None:
    """The limits count in the cache, which outlives a test and may be shared with others."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


def role_of(user: User, account: Account) -> str | None:
    return Member.objects.filter(user=user, account=account).values_list("role", flat=True).first()


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_it_lists_the_people_to_everybody_in_the_account(
    request: pytest.FixtureRequest, who: str
) -> None:
    page = request.getfixturevalue(who).get(reverse("members"))

    assert page.status_code == 200
    for name in ("alice", "bob", "vera"):
        assert f"{name}@example.com" in page.text
    assert "charlie@example.com" not in page.text


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_it_shows_who_may_not_change_anything_no_controls(
    request: pytest.FixtureRequest, who: str
) -> None:
    page = request.getfixturevalue(who).get(reverse("members")).text.split("<main", 1)[1]

    assert "<button" not in page
    assert "<select" not in page
    assert "Remove" not in page


def test_it_says_when_somebody_was_last_seen(
    alice: Client, bob: Client, people: dict[str, User]
) -> None:
    assert Member.objects.get(user=people["bob"]).last_seen_at is None

    bob.get(reverse("members"))

    assert Member.objects.get(user=people["bob"]).last_seen_at is not None
    assert "last seen" in alice.get(reverse("members")).text
    assert "not seen yet" in alice.get(reverse("members")).text  # vera


def test_it_changes_mails_and_records_a_role(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    answer = post(alice, "member_role", account, people["vera"], role="member")

    assert answer.status_code == 302
    said = alice.get(reverse("members")).text
    assert "The role of vera@example.com is now Member." in said
    assert role_of(people["vera"], account) == Role.MEMBER
    assert [message.to for message in written()] == ["vera@example.com"]
    assert "Your role is now: Member" in written()[0].text
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb, event.target) == (
        "alice@example.com",
        "role_changed",
        "vera@example.com",
    )
    assert (event.detail, event.address) == ("viewer → member", "127.0.0.1")


def test_it_changes_nothing_for_the_same_role_again(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    post(alice, "member_role", account, people["vera"], role="viewer")

    assert written() == []
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("role", ["", "king", "OWNER", "a" * 5000, "\u202eowner"])
def test_it_takes_no_role_that_there_is_not(
    alice: Client, account: Account, people: dict[str, User], role: str
) -> None:
    answer = post(alice, "member_role", account, people["vera"], role=role)

    assert answer.status_code == 422
    assert role_of(people["vera"], account) == Role.VIEWER


def test_it_keeps_the_last_owner_an_owner(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    answer = post(alice, "member_role", account, people["alice"], role="member")

    assert answer.status_code == 422
    assert "An account needs an owner. Make another member an owner first." in answer.text
    assert role_of(people["alice"], account) == Role.OWNER


def test_it_lets_one_of_two_owners_step_back(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    post(alice, "member_role", account, people["bob"], role="owner")

    answer = post(alice, "member_role", account, people["alice"], role="viewer")

    assert answer.status_code == 302
    assert role_of(people["alice"], account) == Role.VIEWER


def test_it_asks_by_name_before_it_removes_somebody(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    address = reverse("member_remove", args=[account.pk, people["bob"].pk])

    page = alice.get(address)

    assert "Remove bob@example.com?" in page.text
    assert role_of(people["bob"], account) == Role.MEMBER

    assert alice.post(address).status_code == 302
    assert role_of(people["bob"], account) is None
    assert written()[0].to == "bob@example.com"
    assert "removed you from Harbour Group" in written()[0].text
    assert AuditEvent.objects.get().verb == "member_removed"


def test_it_does_not_remove_the_only_owner(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    answer = post(alice, "member_remove", account, people["alice"])

    assert answer.status_code == 422
    assert role_of(people["alice"], account) == Role.OWNER


def test_it_shows_nothing_to_a_removed_member(
    alice: Client, bob: Client, account: Account, people: dict[str, User]
) -> None:
    bob.get(reverse("members"))
    post(alice, "member_remove", account, people["bob"])

    assert bob.get(reverse("members")).headers["Location"] == reverse("account_new")
    assert bob.get(reverse("account_leave", args=[account.pk])).status_code == 404


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("who", ["bob", "vera"])
def test_it_lets_only_owners_change_people(
    request: pytest.FixtureRequest, account: Account, people: dict[str, User], name: str, who: str
) -> None:
    answer = post(
        request.getfixturevalue(who), name, account, people["vera"], role="owner", password="x"
    )

    assert answer.status_code == 403
    assert "Only owners" in answer.text
    assert role_of(people["vera"], account) == Role.VIEWER


@pytest.mark.parametrize("name", CHANGES)
def test_it_shows_no_members_to_a_stranger(
    charlie: Client, account: Account, people: dict[str, User], name: str
) -> None:
    assert post(charlie, name, account, people["vera"], role="owner").status_code == 404
    assert role_of(people["vera"], account) == Role.VIEWER


@pytest.mark.parametrize("name", CHANGES)
def test_it_hides_members_of_other_accounts_from_an_owner(
    charlie: Client, people: dict[str, User], name: str
) -> None:
    own = Account.objects.get(name="Elsewhere")

    assert post(charlie, name, own, people["vera"], role="owner").status_code == 404


def test_it_hands_an_account_over_by_name(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    address = reverse("member_hand_over", args=[account.pk, people["bob"].pk])

    assert "to bob@example.com?" in alice.get(address).text
    confirm(alice)
    assert alice.post(address)["Location"] == reverse("members")

    assert role_of(people["bob"], account) == Role.OWNER
    assert role_of(people["alice"], account) == Role.MEMBER
    assert AuditEvent.objects.get().verb == "ownership_handed_over"
    assert written()[0].to == "bob@example.com"


def test_it_asks_for_the_password_before_it_hands_over(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    asked = post(alice, "member_hand_over", account, people["bob"])
    assert asked["Location"].startswith("/confirm/?next=")
    wrong = alice.post(asked["Location"], {"password": "wrong"})
    assert (wrong.status_code, "This is not your password." in wrong.text) == (422, True)
    assert role_of(people["bob"], account) == Role.MEMBER

    right = alice.post(asked["Location"], {"password": PASSWORD}, follow=True)

    assert "bob@example.com now owns" in right.text
    assert role_of(people["bob"], account) == Role.OWNER


def test_it_limits_guesses_of_the_password(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    asked = post(alice, "member_hand_over", account, people["bob"])["Location"]

    answers = [alice.post(asked, {"password": f"guess {n}"}).status_code for n in range(12)]

    assert 429 in answers
    assert alice.post(asked, {"password": PASSWORD}).status_code == 429
    assert role_of(people["bob"], account) == Role.MEMBER


def test_it_requires_more_than_the_password(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    TOTP.activate(people["alice"], generate_totp_secret())

    asked = post(alice, "member_hand_over", account, people["bob"])
    assert asked["Location"].startswith("/confirm/code/")

    confirm(alice)
    assert post(alice, "member_hand_over", account, people["bob"])["Location"] == asked["Location"]
    assert role_of(people["bob"], account) == Role.MEMBER


def test_it_asks_for_a_new_sign_in_without_password(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    people["alice"].set_unusable_password()
    people["alice"].save()
    alice.force_login(people["alice"])
    session = alice.session
    session["signed_in_at"] = 1.0
    session.save()

    answer = post(alice, "member_hand_over", account, people["bob"])
    assert (answer.status_code, "Sign out and in again" in answer.text) == (403, True)

    alice.force_login(people["alice"])
    post(alice, "member_hand_over", account, people["bob"])
    assert role_of(people["bob"], account) == Role.OWNER


def test_it_refuses_to_hand_over_to_the_same_user(
    alice: Client, account: Account, people: dict[str, User]
) -> None:
    assert post(alice, "member_hand_over", account, people["alice"]).status_code == 404
