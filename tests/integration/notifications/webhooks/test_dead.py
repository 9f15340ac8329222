"""An address that takes nothing for a day is switched off, and people are told."""

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
from notifications.models import Delivery, Mail, Notice, State, Webhook
from notifications.notices.dispatch import gather
from notifications.webhooks.queue import Outcome, claim, forget_old, settle
from notifications.webhooks.retry import WAITS
from tests.factory import make_account, make_delivery, make_user, make_webhook

pytestmark = pytest.mark.django_db
NO = Outcome(500, "It answered with 500 instead of 2xx.", 5)
YES = Outcome(200, "", 5)


@pytest.fixture
def webhook() -> Webhook:
    return make_webhook(make_account(), url="https://93.184.216.34/private-part")


def _a_day_ago(webhook: Webhook, **columns: Any) -> Delivery:
    old = timezone.now() - timedelta(hours=24, minutes=1)
    return make_delivery(webhook, created_at=old, queued_at=old, **columns)


def _try(webhook: Webhook, outcome: Outcome) -> None:
    for outgoing in claim(webhook.pk, 10, []):
        settle(outgoing, outcome)
    webhook.refresh_from_db()


def test_it_is_switched_off_after_a_day_of_nothing(webhook: Webhook) -> None:
    _a_day_ago(webhook)
    later = make_delivery(webhook, next_attempt_at=timezone.now() + timedelta(hours=1))

    _try(webhook, NO)

    assert (webhook.enabled, webhook.died) == (False, True)
    assert webhook.disabled_reason == (
        "Nothing could be delivered for 24 hours. It answered with 500 instead of 2xx."
    )
    assert [line.subject for line in dead_webhooks()] == ["1 webhook"]
    later.refresh_from_db()
    assert (later.state, later.attempts) == (State.FAILED, 0)
    assert "switched off" in later.error


def test_it_stays_on_while_something_got_through(webhook: Webhook) -> None:
    _a_day_ago(webhook)
    hour_ago = timezone.now() - timedelta(hours=1)
    make_delivery(webhook, state=State.DELIVERED, attempted_at=hour_ago)

    _try(webhook, NO)

    assert webhook.enabled
    assert dead_webhooks() == []


def test_a_young_failure_switches_nothing_off(webhook: Webhook) -> None:
    make_delivery(webhook)

    _try(webhook, NO)

    assert webhook.enabled


def test_a_test_event_is_sent_once_and_switches_nothing_off(webhook: Webhook) -> None:
    delivery = _a_day_ago(webhook, kind="webhook.test")

    _try(webhook, NO)

    delivery.refresh_from_db()
    assert (delivery.state, webhook.enabled) == (State.FAILED, True)


def test_the_whole_schedule_of_one_event_ends_in_a_dead_webhook(webhook: Webhook) -> None:
    """Each failure as the clock would bring it: the rows are set back by the time waited for."""
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
    assert (delivery.state, delivery.attempts) == (State.FAILED, len(WAITS) + 1)
    assert webhook.died


def test_a_replay_gets_a_day_of_its_own(webhook: Webhook) -> None:
    alice = Client()
    alice.force_login(make_user("alice", webhook.account))
    old = _a_day_ago(webhook, state=State.FAILED, attempts=9)

    alice.post(reverse("webhook_delivery_replay", args=[old.pk]))
    _try(webhook, NO)

    old.refresh_from_db()
    assert (old.state, old.attempts, webhook.enabled) == (State.WAITING, 1, True)


def test_switched_on_again_it_is_as_new(webhook: Webhook) -> None:
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
    assert Delivery.objects.get().state == State.DELIVERED


def test_the_owners_are_told_once(webhook: Webhook) -> None:
    make_user("alice", webhook.account, Role.OWNER)
    make_user("bob", webhook.account, Role.MEMBER)
    _a_day_ago(webhook)
    _a_day_ago(webhook)

    _try(webhook, NO)
    gather(timezone.now())

    notice = Notice.objects.get()
    assert (notice.kind, notice.account_id) == ("webhook_off", webhook.account_id)
    assert notice.facts["webhook"] == str(webhook.pk)
    assert notice.facts["host"] == "93.184.216.34"  # the rest may hold a key
    assert notice.facts["why"].startswith("Nothing could be delivered for 24 hours.")
    assert [mail.to for mail in Mail.objects.all()] == ["alice@example.com"]


def test_one_that_dies_again_is_told_again(webhook: Webhook) -> None:
    _a_day_ago(webhook)
    _try(webhook, NO)
    Webhook.objects.update(enabled=True, died=False)
    _a_day_ago(webhook)

    _try(webhook, NO)

    assert Notice.objects.count() == 2


def test_it_forgets_after_thirty_days_and_not_before(webhook: Webhook) -> None:
    for days in (31, 45, 29, 0):
        make_delivery(webhook, created_at=timezone.now() - timedelta(days=days))

    assert forget_old() == 2

    assert Delivery.objects.count() == 2
    assert forget_old() == 0
