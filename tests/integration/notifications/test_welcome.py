"""The welcome mail, sent once after the address of a new user is confirmed."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress, get_emailconfirmation_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import Role, User
from notifications.models import Mail
from tests.factory import make_account, make_user

pytestmark = pytest.mark.django_db
DANA = {
    "account": "Harbour Dental",
    "email": "dana@example.com",
    "password1": "correct horse battery staple",
}


def confirm(user: User, email: str) -> None:
    """Confirm ``email`` with the link that was mailed to it."""
    address, _made = EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"verified": False}
    )
    key = get_emailconfirmation_model().create(address).key
    Client().post(reverse("account_confirm_email", args=[key]))


def test_it_describes_the_first_steps() -> None:
    Client().post(reverse("account_signup"), DANA)
    assert not Mail.objects.filter(kind="welcome").exists()

    confirm(User.objects.get(), "dana@example.com")

    mail = Mail.objects.get(kind="welcome")
    assert (mail.to, mail.account.name if mail.account else "") == (
        "dana@example.com",
        "Harbour Dental",
    )
    assert mail.subject == "Welcome to Pairline: link your first number"
    assert "1. Open the page" in mail.text and reverse("connect") in mail.text


def test_it_is_sent_only_once() -> None:
    Client().post(reverse("account_signup"), DANA)
    dana = User.objects.get()
    confirm(dana, "dana@example.com")

    confirm(dana, "dana@example.com")

    assert Mail.objects.filter(kind="welcome").count() == 1


def test_it_is_not_sent_after_an_address_change() -> None:
    alice = make_user("alice", make_account())
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now())

    confirm(alice, "alice@harbour.example")

    assert {mail.kind for mail in Mail.objects.all()} == {"address_changed"}


def test_it_is_not_sent_to_invited_members() -> None:
    bob = make_user("bob", make_account(), Role.MEMBER)

    confirm(bob, "bob@example.com")

    assert not Mail.objects.exists()
