"""Addresses that take no mail: who is told, what is no longer sent, and the way back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import Account, Role
from notifications.mail.queue import claim
from notifications.mail.suppression import came_back, stop, try_again
from notifications.models import Mail, Notice, StoppedAddress
from notifications.notices.dispatch import gather
from tests.factory import make_account, make_mail, make_user

pytestmark = pytest.mark.django_db
WHY = "There is no such mailbox. (550 5.1.1 No such user)"


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_user("alice", account)
    make_user("bob", account, Role.MEMBER)
    return account


def test_nothing_is_sent_there_any_more(account: Account) -> None:
    stop("Bob@example.com", WHY, 550)
    to_bob, to_alice = make_mail(account, to="bob@Example.com"), make_mail(account)

    assert [one.mail for one in claim(10)] == [to_alice.pk]

    to_bob.refresh_from_db()
    assert (to_bob.state, to_bob.text, to_bob.html) == ("skipped", "", "")
    assert to_bob.error == "Not sent: mails to this address have come back."


def test_the_owners_of_each_account_that_has_him_are_told_once(account: Account) -> None:
    second = make_account("Second")
    make_user("dora", second)
    second.members.create(user=account.members.get(user__email="bob@example.com").user)
    make_user("charlie", make_account("Elsewhere"))

    assert stop("bob@example.com", WHY, 550)
    assert not stop("bob@example.com", WHY, 550)
    gather(timezone.now())

    assert {n.account_id for n in Notice.objects.all()} == {account.pk, second.pk}
    assert {(n.kind, n.facts["email"], n.facts["why"]) for n in Notice.objects.all()} == {
        ("bounced", "bob@example.com", WHY)
    }
    assert sorted(mail.to for mail in Mail.objects.all()) == [
        "alice@example.com",
        "dora@example.com",
    ]


def test_an_owner_is_not_mailed_that_mails_to_him_come_back(account: Account) -> None:
    stop("alice@example.com", WHY, 550)
    gather(timezone.now())

    assert claim(10) == []

    assert [(mail.to, mail.state) for mail in Mail.objects.all()] == [
        ("alice@example.com", "skipped")
    ]


def test_the_owners_are_told_whose_invitation_came_back(account: Account) -> None:
    mail = make_mail(account, to="nobody@example.com", kind="invitation", state="sent")

    came_back(mail)

    mail.refresh_from_db()
    assert (mail.state, mail.error) == ("bounced", "Mails to this address came back.")
    assert Notice.objects.get().account_id == account.pk


def test_a_member_sees_why_and_has_it_tried_again(account: Account) -> None:
    stop("bob@example.com", WHY, 550)
    stop("alice@example.com", WHY, 550)
    bob = Client()
    bob.force_login(account.members.get(user__email="bob@example.com").user)
    page = bob.get(reverse("account_email")).content.decode()
    assert WHY in page

    answer = bob.post(reverse("account_email_again"), follow=True)

    assert "From now on we send to bob@example.com again." in answer.content.decode()
    assert [row.email for row in StoppedAddress.objects.all()] == ["alice@example.com"]
    assert WHY not in bob.get(reverse("account_email")).content.decode()


def test_an_address_that_stops_again_is_told_again(account: Account) -> None:
    stop("bob@example.com", WHY, 550)
    try_again("bob@example.com")

    assert stop("bob@example.com", WHY, 550)

    assert Notice.objects.count() == 2
