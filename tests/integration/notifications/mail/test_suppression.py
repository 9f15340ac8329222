"""The suppression list: the notices about it, the skipped mails, and the way off the list."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import Account, Role
from notifications.mail.queue import claim
from notifications.mail.suppression import record_bounce, suppress, try_again
from notifications.models import Mail, Notice, StoppedAddress
from notifications.notices.dispatch import gather
from tests.factory import make_account, make_mail, make_user

pytestmark = pytest.mark.django_db
WHY = "The mailbox does not exist. (550 5.1.1 No such user)"


@pytest.fixture
def account() -> Account:
    account = make_account()
    make_user("alice", account)
    make_user("bob", account, Role.MEMBER)
    return account


def test_it_skips_mails_to_a_suppressed_address(account: Account) -> None:
    suppress("Bob@example.com", WHY, 550)
    to_bob, to_alice = make_mail(account, to="bob@Example.com"), make_mail(account)

    assert [one.mail for one in claim(10)] == [to_alice.pk]

    to_bob.refresh_from_db()
    assert (to_bob.state, to_bob.text, to_bob.html) == ("skipped", "", "")
    assert to_bob.error == "Not sent: mails to this address have come back."


def test_it_notifies_the_owners_of_each_account_once(account: Account) -> None:
    second = make_account("Second")
    make_user("dora", second)
    second.members.create(user=account.members.get(user__email="bob@example.com").user)
    make_user("charlie", make_account("Elsewhere"))

    assert suppress("bob@example.com", WHY, 550)
    assert not suppress("bob@example.com", WHY, 550)
    gather(timezone.now())

    assert {n.account_id for n in Notice.objects.all()} == {account.pk, second.pk}
    assert {(n.kind, n.facts["email"], n.facts["why"]) for n in Notice.objects.all()} == {
        ("bounced", "bob@example.com", WHY)
    }
    assert sorted(mail.to for mail in Mail.objects.all()) == [
        "alice@example.com",
        "dora@example.com",
    ]


def test_it_does_not_mail_the_suppressed_owner(account: Account) -> None:
    suppress("alice@example.com", WHY, 550)
    gather(timezone.now())

    assert claim(10) == []

    assert [(mail.to, mail.state) for mail in Mail.objects.all()] == [
        ("alice@example.com", "skipped")
    ]


def test_it_notifies_owners_of_a_bounced_invitation(account: Account) -> None:
    mail = make_mail(account, to="nobody@example.com", kind="invitation", state="sent")

    record_bounce(mail)

    mail.refresh_from_db()
    assert (mail.state, mail.error) == ("bounced", "Mails to this address bounced.")
    assert Notice.objects.get().account_id == account.pk


def test_it_lets_members_remove_their_own_suppression(account: Account) -> None:
    suppress("bob@example.com", WHY, 550)
    suppress("alice@example.com", WHY, 550)
    bob = Client()
    bob.force_login(account.members.get(user__email="bob@example.com").user)
    page = bob.get(reverse("account_email")).content.decode()
    assert WHY in page

    answer = bob.post(reverse("account_email_again"), follow=True)

    assert "We will send mails to bob@example.com again." in answer.content.decode()
    assert [row.email for row in StoppedAddress.objects.all()] == ["alice@example.com"]
    assert WHY not in bob.get(reverse("account_email")).content.decode()


def test_it_notifies_again_after_another_suppression(account: Account) -> None:
    suppress("bob@example.com", WHY, 550)
    try_again("bob@example.com")

    assert suppress("bob@example.com", WHY, 550)

    assert Notice.objects.count() == 2
