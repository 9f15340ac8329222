"""Tests and replays are limited for each account, on pages and by API together."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account
from locations.plans.action_limits import ActionLimit
from notifications.models import Delivery, Webhook
from tests.factory import make_account, make_delivery, make_webhook
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key

pytestmark = pytest.mark.django_db
TESTS_A_MINUTE = ActionLimit.WEBHOOK_TESTS_OF_ACCOUNT.value.most
REPLAYS_A_MINUTE = ActionLimit.WEBHOOK_REPLAYS_OF_ACCOUNT.value.most


@pytest.fixture
def webhook(home: Account) -> Webhook:
    return make_webhook(home)


def test_it_refuses_a_test_too_many(alice: Client, home: Account, webhook: Webhook) -> None:
    url = reverse("webhook_test", args=[webhook.pk])
    for _ in range(TESTS_A_MINUTE):
        alice.post(url)

    page = alice.post(url, follow=True)
    answer = Caller(make_key(home)).post(f"/webhooks/{webhook.pk}/test/")

    assert Delivery.objects.count() == TESTS_A_MINUTE
    assert "at most 10 test events per minute. Try again in" in page.text
    body = assert_problem(answer, 429, "too_many_requests")
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 120
    assert f"Try again in {wait} second" in body["detail"]


def test_it_refuses_a_replay_too_many(alice: Client, home: Account, webhook: Webhook) -> None:
    failed = make_delivery(webhook, state="failed")
    one = reverse("webhook_delivery_replay", args=[failed.pk])
    for _ in range(REPLAYS_A_MINUTE):
        alice.post(one)
    Delivery.objects.update(state="failed")

    of_one = alice.post(one, follow=True)
    of_all = alice.post(reverse("webhook_replay", args=[webhook.pk]), follow=True)
    answer = Caller(make_key(home)).post(f"/webhooks/deliveries/{failed.pk}/replay/")

    failed.refresh_from_db()
    assert failed.state == "failed"
    assert "at most 30 times per minute. Try again in" in of_one.text
    assert "at most 30 times per minute. Try again in" in of_all.text
    assert_problem(answer, 429, "too_many_requests")


def test_it_limits_each_account_by_itself(alice: Client, webhook: Webhook) -> None:
    for _ in range(TESTS_A_MINUTE + 1):
        alice.post(reverse("webhook_test", args=[webhook.pk]))
    other = make_webhook(make_account("Charlie and Sons"))

    answer = Caller(make_key(other.account)).post(f"/webhooks/{other.pk}/test/")

    assert answer.status_code == 202
