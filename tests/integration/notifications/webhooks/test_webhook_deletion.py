"""A webhook with a long log: gone for users at once, deleted by a job in small steps."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.background.jobs import registered
from core.data.batch_delete import BATCH_ROWS
from locations import actions as locations
from locations.models import Account, Location, Role
from locations.principals import Principal
from notifications.models import Delivery, Webhook
from notifications.webhooks import actions, queue
from notifications.webhooks.queries import webhook_list
from tests.factory import make_account, make_delivery, make_location, make_webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def webhook(home: Account) -> Webhook:
    return make_webhook(home)


@pytest.fixture
def owner(home: Account) -> Principal:
    return Principal({home.pk: Role.OWNER}, "alice@example.com")


def _interrupted(webhook: Webhook) -> None:
    """Mark ``webhook`` as a request does whose process is killed right afterwards."""
    actions.mark_deleted(Webhook.objects.filter(pk=webhook.pk), timezone.now())


def test_it_hides_a_webhook_that_is_being_deleted(
    alice: Client, owner: Principal, webhook: Webhook
) -> None:
    delivery = make_delivery(webhook)
    pages = [
        reverse("webhook", args=[webhook.pk]),
        reverse("webhook_delivery", args=[delivery.pk]),
    ]
    assert [alice.get(page).status_code for page in pages] == [200, 200]

    _interrupted(webhook)

    assert [alice.get(page).status_code for page in pages] == [404, 404]
    assert webhook_list(owner)["webhooks"] == []


def test_it_sends_nothing_more(webhook: Webhook) -> None:
    make_delivery(webhook)
    assert queue.webhooks_with_work(())

    _interrupted(webhook)

    assert not queue.webhooks_with_work(())
    assert not queue.claim(webhook.pk, 5, ())
    assert not Webhook.objects.working([webhook.account_id])


def test_it_makes_room_for_another_webhook(owner: Principal, home: Account) -> None:
    webhooks = [make_webhook(home) for _ in range(actions.MAX_WEBHOOKS)]
    _interrupted(webhooks[0])

    actions.create(owner, home.pk, url="https://93.184.216.34/new", location=None)

    assert Webhook.objects.count() == actions.MAX_WEBHOOKS


def test_it_deletes_a_long_log_in_the_job(owner: Principal, webhook: Webhook) -> None:
    kept = make_webhook(webhook.account)
    make_delivery(kept)
    Delivery.objects.bulk_create(
        Delivery(account_id=webhook.account_id, webhook=webhook, kind="message.received")
        for _ in range(3 * BATCH_ROWS)
    )

    _interrupted(webhook)

    assert registered()["webhooks"].run() == "Deleted 1 webhook."
    assert list(Webhook._base_manager.all()) == [kept]
    assert [delivery.webhook_id for delivery in Delivery.objects.all()] == [kept.pk]


def test_it_hides_webhooks_of_a_deleted_location(owner: Principal, home: Account) -> None:
    location = make_location(home)
    of_location, of_account = make_webhook(home, location=location), make_webhook(home)
    Location.objects.filter(pk=location.pk).update(name="Porto")

    locations.delete(location, by=owner)

    assert not Webhook._base_manager.filter(pk=of_location.pk).exists()
    assert list(Webhook.objects.all()) == [of_account]


def test_it_does_nothing_on_a_second_deletion(owner: Principal, webhook: Webhook) -> None:
    make_delivery(webhook)
    _interrupted(webhook)

    actions.remove(owner, webhook)

    assert Delivery.objects.count() == 1


def test_it_keeps_webhooks_of_other_accounts(owner: Principal, webhook: Webhook) -> None:
    theirs = make_webhook(make_account("Elsewhere"))

    actions.remove(owner, webhook)

    assert list(Webhook._base_manager.all()) == [theirs]
