"""The form of a webhook offers the locations of the webhook's account, whichever is current."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account, Member, Role, User
from notifications.models import Webhook
from tests.factory import make_account, make_location, make_webhook

pytestmark = pytest.mark.django_db
URL = "https://93.184.216.34/hooks"


@pytest.fixture
def second(alice: Client) -> Account:
    """The other account of alice, which is not the current one."""
    account = make_account("Second")
    alice_herself = User.objects.get(email="alice@example.com")
    Member.objects.create(account=account, user=alice_herself, role=Role.OWNER)
    return account


def test_it_offers_locations_of_the_current_account(
    alice: Client, home: Account, second: Account
) -> None:
    make_location(home, "Lisbon")
    elsewhere = make_location(second, "Porto")

    page = alice.get(reverse("webhook_new"))
    refused = alice.post(
        reverse("webhook_new"),
        {"url": URL, "events": ["session.status"], "location": elsewhere.pk},
    )

    assert "Lisbon" in page.text
    assert "Porto" not in page.text
    assert refused.status_code == 422
    assert not Webhook.objects.exists()


def test_it_offers_locations_of_the_webhook_only(
    alice: Client, home: Account, second: Account
) -> None:
    elsewhere, own = make_location(home, "Lisbon"), make_location(second, "Porto")
    webhook = make_webhook(second)
    change = reverse("webhook_change", args=[webhook.pk])
    values = {"url": URL, "events": ["session.status"]}

    page = alice.get(change)
    refused = alice.post(change, {**values, "location": elsewhere.pk})
    accepted = alice.post(change, {**values, "location": own.pk})

    webhook.refresh_from_db()
    names = [place.name for place in page.context["form"].fields["location"].queryset]
    assert names == ["Porto"]
    assert (refused.status_code, accepted.status_code) == (422, 302)
    assert webhook.location == own
