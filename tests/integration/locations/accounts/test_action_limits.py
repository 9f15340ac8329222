"""Invitations and new accounts cannot be made in masses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.accounts.provisioning import create_account
from locations.models import Account, Invitation, Member, TrialStart, User
from locations.plans.action_limits import ActionLimit
from locations.plans.trials import TrialsUsedUp
from notifications.mail.queue import claim
from notifications.models import Mail
from tests.factory import make_account, make_mail, make_user
from tests.integration.at_once import meet, only_on_postgresql
from tests.integration.locations.accounts.conftest import SignIn, written

TO_ONE = ActionLimit.INVITATIONS_OF_RECIPIENT.value.most
NEW = reverse("account_new")


def invite(client: Client, account: Account, email: str = "dora@example.com") -> Any:
    url = reverse("invite", args=[account.pk])
    return client.post(url, {"email": email, "role": "member"}, follow=True)


def create(client: Client, name: str = "Harbour Two") -> Any:
    return client.post(NEW, {"name": name}, follow=True)


@pytest.fixture
def founder(sign_in: SignIn, db: None) -> Client:
    """A user without an account."""
    return sign_in(make_user("alice"))


def test_it_limits_invitations_to_one_mailbox(
    sign_in: SignIn, people: dict[str, User], account: Account
) -> None:
    """From all accounts and users together, and however the address is spelled."""
    for number in range(TO_ONE):
        owner = make_user(f"owner{number}", other := make_account(f"Account {number}"))
        invite(sign_in(owner), other, f"dora+{number}@example.com")

    page = invite(sign_in(people["alice"]), account, "dora@example.com")

    assert page.status_code == 422
    assert "An address can get at most 3 invitations per day" in page.text
    assert "Try again in" in page.text
    assert 'value="dora@example.com"' in page.text
    assert len(written()) == TO_ONE
    assert not Invitation.objects.of_accounts([account.pk]).exists()


def test_it_counts_invitations_sent_again(alice: Client, account: Account) -> None:
    invite(alice, account)
    again = reverse("invitation_resend", args=[Invitation.objects.get().pk])
    for _ in range(TO_ONE):
        page = alice.post(again, follow=True)

    assert "An address can get at most 3 invitations per day" in page.text
    assert len(written()) == TO_ONE


def test_it_does_not_count_refused_invitations(alice: Client, account: Account) -> None:
    for _ in range(TO_ONE + 2):
        page = invite(alice, account, "bob@example.com")
        assert "is already a member" in page.text
    invite(alice, account)
    for _ in range(TO_ONE):
        page = invite(alice, account)
        assert "is already invited" in page.text


@pytest.mark.parametrize("by", ["account", "user"])
def test_it_limits_invitations_to_many(
    sign_in: SignIn, people: dict[str, User], account: Account, by: str
) -> None:
    most = ActionLimit.INVITATIONS_OF_ACCOUNT.value.most
    other = make_account("Harbour Two")
    Member.objects.create(account=other, user=people["alice"], role="owner")
    Member.objects.create(account=account, user=people["charlie"], role="owner")
    alice, charlie = sign_in(people["alice"]), sign_in(people["charlie"])
    for number in range(most):
        invite(alice, account, f"guest{number}@example.com")

    page = invite(charlie, account, "one@example.com") if by == "account" else None
    page = page or invite(alice, other, "one@example.com")

    assert f"at most {most} invitations per day. Try again in" in page.text
    assert len(written()) == most


def test_it_keeps_names_out_of_subjects_for_strangers(db: None, sign_in: SignIn) -> None:
    spam = make_account("WIN a prize at example.net")

    invite(sign_in(make_user("free-prize", spam)), spam)

    (mail,) = written()
    assert "WIN" not in mail.subject
    assert "prize" not in mail.subject


def test_it_sends_alerts_before_invitations(alice: Client, account: Account) -> None:
    for number in range(3):
        invite(alice, account, f"guest{number}@example.com")
    Mail.objects.update(next_attempt_at=timezone.now() - timedelta(hours=1))
    for number in range(3):
        make_mail(account, kind="lost", to=f"owner{number}@example.com")

    sent = [[one.to[:5] for one in claim(2)] for _ in range(3)]

    assert sent == [["owner", "owner"], ["owner", "guest"], ["guest", "guest"]]


def test_it_allows_three_trials_counting_deleted_ones(founder: Client) -> None:
    for number in range(3):
        create(founder, f"Harbour {number}")
        Account.objects.get().delete()
    before = TrialStart.objects.count()

    page = create(founder, "Harbour Four")

    assert page.status_code == 422
    assert "You can have at most 3 accounts on trial, and deleted ones count, too." in page.text
    assert "Ask your operator to activate one of them" in page.text
    assert 'value="Harbour Four"' in page.text
    assert not Account.objects.exists()
    assert TrialStart.objects.count() == before == 3


def test_it_does_not_count_activated_accounts(founder: Client, settings: Any) -> None:
    settings.MAX_TRIAL_ACCOUNTS = 1
    create(founder, "Harbour One")
    Account.objects.update(state="active")

    create(founder, "Harbour Two")
    page = create(founder, "Harbour Three")

    assert Account.objects.count() == 2
    assert "You can have 1 account on trial, and a deleted one counts, too." in page.text


def test_it_counts_suspended_trials(founder: Client, settings: Any) -> None:
    settings.MAX_TRIAL_ACCOUNTS = 1
    create(founder)
    Account.objects.update(state="suspended")

    assert create(founder).status_code == 422


def test_it_limits_new_accounts_per_day(founder: Client) -> None:
    most = ActionLimit.ACCOUNTS_OF_USER.value.most
    for _ in range(most):
        create(founder)
        Account.objects.update(state="active")

    page = create(founder, "Harbour Six")

    assert page.status_code == 422
    assert f"You can create at most {most} accounts per day. Try again in" in page.text
    assert 'value="Harbour Six"' in page.text
    assert Account.objects.count() == most


@only_on_postgresql
@pytest.mark.django_db(transaction=True)
def test_it_allows_no_more_trials_at_once(settings: Any) -> None:
    settings.MAX_TRIAL_ACCOUNTS = 1
    user = make_user("alice")

    def second() -> None:
        with pytest.raises(TrialsUsedUp):
            create_account(user, "Harbour Two", None)

    meet(lambda: create_account(user, "Harbour One", None), second)

    assert Account.objects.count() == TrialStart.objects.count() == 1
