"""A webhook that fails for a day is switched off, and the owners are notified."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import Role
from notifications.alerts import dead_webhooks
from notifications.models import Delivery, DeliveryState, Mail, Notice, Webhook
from notifications.notices.dispatch import gather
from notifications.webhooks.queue import DeliveryResult, claim, finish, forget_old
from notifications.webhooks.retry import WAITS
from tests.factory import make_account, make_delivery, make_user, make_webhook

pytestmark = pytest.mark.django_db
NO = DeliveryResult(500, "It answered with 500 instead of 2xx.", 5)
YES = DeliveryResult(200, "", 5)


@pytest.fixture
def webhook() -> Webhook:
    return make_webhook(make_account(), url="https://93.184.216.34/private-part")


def _a_day_ago(webhook: Webhook, **columns: Any) -> Delivery:
    old = timezone.now() - timedelta(hours=24, minutes=1)
    return make_delivery(webhook, created_at=old, queued_at=old, **columns)


def _try(webhook: Webhook, outcome: DeliveryResult) -> None:
    for outgoing in claim(webhook.pk, 10, []):
        finish(outgoing, outcome)
    webhook.refresh_from_db()


def test_it_is_switched_off_after_a_day_of_failures(webhook: Webhook) -> None:
    _a_day_ago(webhook)
    later = make_delivery(webhook, next_attempt_at=timezone.now() + timedelta(hours=1))

    _try(webhook, NO)

    assert (webhook.enabled, webhook.died) == (False, True)
    assert webhook.disabled_reason == (
        "Nothing could be delivered for 24 hours. It answered with 500 instead of 2xx."
    )
    assert [line.subject for line in dead_webhooks()] == ["1 webhook"]
    later.refresh_from_db()
    assert (later.state, later.attempts) == (DeliveryState.FAILED, 0)
    assert "switched off" in later.error


def test_it_stays_on_after_a_successful_delivery(webhook: Webhook) -> None:
    _a_day_ago(webhook)
    hour_ago = timezone.now() - timedelta(hours=1)
    make_delivery(webhook, state=DeliveryState.DELIVERED, attempted_at=hour_ago)

    _try(webhook, NO)

    assert webhook.enabled
    assert dead_webhooks() == []


def test_it_stays_on_after_a_recent_failure(webhook: Webhook) -> None:
    make_delivery(webhook)

    _try(webhook, NO)

    assert webhook.enabled


def test_it_stays_on_after_a_failed_test_event(webhook: Webhook) -> None:
    delivery = _a_day_ago(webhook, kind="webhook.test")

    _try(webhook, NO)

    delivery.refresh_from_db()
    assert (delivery.state, webhook.enabled) == (DeliveryState.FAILED, True)


def test_it_is_dead_after_the_whole_schedule(webhook: Webhook) -> None:
    """Instead of waiting for each retry, the times of the rows are set back."""
    delivery = make_delivery(webhook)
    for _ in range(len(WAITS) + 1):
        assert webhook.enabled
        _try(webhook, NO)
        delivery.refresh_from_db()
        waited = delivery.next_attempt_at - timezone.now()
        Delivery.objects.update(
            queued_at=F("queued_at") - waited, next_attempt_at=F("next_attempt_at") - waited
        )

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, len(WAITS) + 1)
    assert webhook.died


def test_it_stays_on_during_a_day_of_replays(webhook: Webhook) -> None:
    alice = Client()
    alice.force_login(make_user("alice", webhook.account))
    old = _a_day_ago(webhook, state=DeliveryState.FAILED, attempts=9)

    alice.post(reverse("webhook_delivery_replay", args=[old.pk]))
    _try(webhook, NO)

    old.refresh_from_db()
    assert (old.state, old.attempts, webhook.enabled) == (DeliveryState.WAITING, 1, True)


def test_it_resets_when_switched_on_again(webhook: Webhook) -> None:
    _a_day_ago(webhook)
    _try(webhook, NO)
    alice = Client()
    alice.force_login(make_user("alice", webhook.account))
    page = alice.get(reverse("webhooks")).content.decode()
    assert "We switched this webhook off" in page

    alice.post(reverse("webhook_switch", args=[webhook.pk]), {"on": "1"})
    alice.post(reverse("webhook_replay", args=[webhook.pk]))
    _try(webhook, YES)

    assert (webhook.enabled, webhook.died, webhook.disabled_reason) == (True, False, "")
    assert Delivery.objects.get().state == DeliveryState.DELIVERED


def test_it_notifies_the_owners_once(webhook: Webhook) -> None:
    make_user("alice", webhook.account, Role.OWNER)
    make_user("bob", webhook.account, Role.MEMBER)
    _a_day_ago(webhook)
    _a_day_ago(webhook)

    _try(webhook, NO)
    gather(timezone.now())

    notice = Notice.objects.get()
    assert (notice.kind, notice.account_id) == ("webhook_off", webhook.account_id)
    assert notice.facts["webhook"] == str(webhook.pk)
    assert notice.facts["host"] == "93.184.216.34"  # the rest may contain a key
    assert notice.facts["why"].startswith("Nothing could be delivered for 24 hours.")
    assert [mail.to for mail in Mail.objects.all()] == ["alice@example.com"]


def test_it_notifies_the_owners_of_each_failure(webhook: Webhook) -> None:
    _a_day_ago(webhook)
    _try(webhook, NO)
    Webhook.objects.update(enabled=True, died=False)
    _a_day_ago(webhook)

    _try(webhook, NO)

    assert Notice.objects.count() == 2


def test_it_deletes_deliveries_after_thirty_days(webhook: Webhook) -> None:
    for days in (31, 45, 29, 0):
        make_delivery(webhook, created_at=timezone.now() - timedelta(days=days))

    assert forget_old() == 2

    assert Delivery.objects.count() == 2
    assert forget_old() == 0
