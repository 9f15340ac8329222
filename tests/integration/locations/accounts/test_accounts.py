from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account, AuditEvent, Member, Role, User
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user
from tests.integration.locations.accounts.conftest import SignIn, written


@pytest.fixture
def second(people: dict[str, User]) -> Account:
    """Another account, in which alice is a viewer."""
    account = make_account("Second Street")
    Member.objects.create(account=account, user=people["alice"], role=Role.VIEWER)
    make_session(make_location(account, "Second Location"))
    return account


@pytest.fixture
def first_session(account: Account) -> Session:
    return make_session(make_location(account, "First Location"))


def current(client: Client) -> str:
    """The name of the account on top of the page."""
    page = client.get(reverse("members")).text
    return page.split("<summary", 1)[1].split("<bdi>", 1)[1].split("</bdi>", 1)[0]


def test_it_lists_numbers_of_the_current_account(
    alice: Client, second: Account, first_session: Session
) -> None:
    numbers = alice.get(reverse("numbers")).text
    assert "First Location" in numbers
    assert "Second Location" not in numbers

    answer = alice.post(reverse("account_switch", args=[second.pk]))

    assert answer["Location"] == reverse("dashboard")
    numbers = alice.get(reverse("numbers")).text
    assert "Second Location" in numbers
    assert "First Location" not in numbers
    assert current(alice) == "Second Street"


def test_it_switches_to_the_account_of_a_link(
    alice: Client, second: Account, first_session: Session
) -> None:
    assert current(alice) == "Harbour Group"
    theirs = Session.objects.get(account=second)

    page = alice.get(reverse("session", args=[theirs.pk]))

    assert page.status_code == 200
    assert current(alice) == "Second Street"


def test_it_does_not_switch_accounts_on_polls_elsewhere(alice: Client, second: Account) -> None:
    theirs = Session.objects.get(account=second)

    assert alice.get(reverse("session_live", args=[theirs.pk])).status_code == 200

    assert current(alice) == "Harbour Group"


def test_it_falls_back_to_the_first_account(
    alice: Client, second: Account, people: dict[str, User]
) -> None:
    alice.post(reverse("account_switch", args=[second.pk]))
    Member.objects.filter(account=second, user=people["alice"]).delete()

    assert current(alice) == "Harbour Group"


@pytest.mark.parametrize(
    "garbage", ["", "x", 7, None, ["a"], "00000000-0000-0000-0000-000000000000"]
)
def test_it_uses_the_first_account_for_an_invalid_session(alice: Client, garbage: Any) -> None:
    session = alice.session
    session["account"] = garbage
    session.save()

    assert current(alice) == "Harbour Group"


def test_it_refuses_to_switch_to_a_foreign_account(charlie: Client, account: Account) -> None:
    assert charlie.post(reverse("account_switch", args=[account.pk])).status_code == 404
    assert charlie.post(reverse("account_switch", args=[uuid4()])).status_code == 404
    assert current(charlie) == "Elsewhere"


def test_it_lets_any_user_create_and_own_an_account(vera: Client) -> None:
    answer = vera.post(reverse("account_new"), {"name": "  Vera's   Own 👩‍👧 "})

    assert answer.status_code == 302
    account = Account.objects.get(name="Vera's Own 👩‍👧")
    assert Member.objects.get(account=account).role == Role.OWNER
    assert AuditEvent.objects.get(account=account).verb == "account_created"
    assert current(vera) == "Vera&#x27;s Own 👩‍👧"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Give the account a name."),
        ("   ", "Give the account a name."),
        ("\u2800\u3164", "Enter a name with visible characters."),
        ("\u200d\u200c", "Enter a name with visible characters."),
        ("a" * 121, "at most 120 characters"),
        ("Harbour\u200bGroup", "invisible characters"),
        ("\u202epuorG ruobraH", "invisible characters"),
        ("Harbour\ufeff", "invisible characters"),
        ("Harbour\x07", "invisible characters"),
        ("Harbour\x00", "Null characters are not allowed"),
    ],
)
def test_it_shows_a_name_error_beside_the_field(
    alice: Client, account: Account, name: str, says: str
) -> None:
    for address in (reverse("account_new"), reverse("account_rename", args=[account.pk])):
        answer = alice.post(address, {"name": name})

        assert answer.status_code == 422
        assert says in answer.text
        assert 'id="id_name_error"' in answer.text
    assert Account.objects.count() == 2


@pytest.mark.parametrize(
    "name",
    ["قهوة الميناء", "מרפאת הנמל", "Café Ⅷ 🏳️‍🌈", "می‌خواهم", "港口牙科", "O'Neill <b>& Co</b>"],
)
def test_it_renames_to_any_name_that_can_be_read(
    alice: Client, account: Account, name: str
) -> None:
    assert (
        alice.post(reverse("account_rename", args=[account.pk]), {"name": name}).status_code == 302
    )

    account.refresh_from_db()
    assert account.name == name
    assert "<b>& Co" not in alice.get(reverse("account_page")).text
    event = AuditEvent.objects.get()
    assert (event.verb, event.target) == ("account_renamed", name)


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_it_lets_members_and_viewers_leave(
    request: pytest.FixtureRequest, account: Account, who: str
) -> None:
    client = request.getfixturevalue(who)
    address = reverse("account_leave", args=[account.pk])
    assert "Leave <bdi>Harbour Group</bdi>?" in client.get(address).text

    assert client.post(address).status_code == 302

    assert not Member.objects.filter(account=account, user__email=f"{who}@example.com").exists()
    assert client.get(address).status_code == 404
    assert AuditEvent.objects.get().verb == "member_left"


def test_it_does_not_let_the_last_owner_leave(alice: Client, account: Account) -> None:
    answer = alice.post(reverse("account_leave", args=[account.pk]))

    assert answer.status_code == 422
    assert "You are the only owner. Transfer ownership to another member first" in answer.text
    assert Member.objects.filter(account=account).count() == 3


def test_it_lets_a_user_without_account_create_one(db: None, sign_in: SignIn) -> None:
    dora = sign_in(make_user("dora"))

    page = dora.get(reverse("members"), follow=True)

    assert page.redirect_chain == [(reverse("account_new"), 302)]
    assert "You are not a member of an account." in page.text
    assert dora.get(reverse("dashboard")).status_code in (200, 302)


OWNERS_ONLY = ["account_rename", "account_export", "account_delete"]


@pytest.mark.parametrize("name", OWNERS_ONLY)
def test_it_lets_only_owners_change_the_account(
    bob: Client, vera: Client, charlie: Client, account: Account, name: str
) -> None:
    address = reverse(name, args=[account.pk])
    typed = {"name": "Harbour Group"}

    assert [c.post(address, typed).status_code for c in (bob, vera, charlie)] == [403, 403, 404]
    account.refresh_from_db()
    assert (account.name, account.deleting_at) == ("Harbour Group", None)
    assert written() == []
