"""Finding a delivery costs the same among 2,000 and among 30,000 that are due."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.webhooks import queue
from tests.factory import make_account, make_delivery, make_webhook
from tests.integration.cost import cost_of, update_statistics

pytestmark = pytest.mark.django_db
FEW, MANY = 2_000, 30_000


def _due(webhooks: list[Webhook], sessions: list[uuid.UUID], numbers: range) -> None:
    ago = timezone.now() - timedelta(hours=2)
    Delivery.objects.bulk_create(
        (
            Delivery(
                account_id=(webhook := webhooks[number % len(webhooks)]).account_id,
                webhook=webhook,
                kind=WebhookEvent.SESSION_STATUS,
                session_id=sessions[number % len(sessions)],
                queued_at=(at := ago + timedelta(milliseconds=number)),
                next_attempt_at=at,
            )
            for number in numbers
        ),
        batch_size=1_000,
    )
    update_statistics("notifications_delivery", "notifications_webhook")


def test_it_costs_the_same_among_many_due_deliveries() -> None:
    webhooks = [make_webhook(account := make_account("Busy")) for _ in range(5)]
    webhooks += [make_webhook(account) for _ in range(5)]
    sessions = [uuid.uuid4() for _ in range(7)]
    quiet = make_webhook(make_account("Quiet"))
    late = make_delivery(quiet)
    busy = webhooks[0].pk

    def fail() -> None:
        (sent,) = queue.claim(busy, 1, [])
        queue.finish(sent, queue.DeliveryResult(500, "It answered with 500.", 10))

    work: dict[str, Callable[[], Any]] = {
        "find webhooks": lambda: queue.webhooks_with_work([]),
        "claim": lambda: queue.claim(busy, 4, sessions[:3]),
        "fail": fail,
    }
    _due(webhooks, sessions, range(FEW))
    among_few = {name: cost_of(act) for name, act in work.items()}
    _due(webhooks, sessions, range(FEW, MANY))

    among_many = {name: cost_of(act) for name, act in work.items()}

    for name, cost in among_few.items():
        assert among_many[name] <= 3 * cost, (name, among_few, among_many)
    assert quiet.pk in {one.webhook for one in queue.webhooks_with_work([])}
    assert [one.delivery for one in queue.claim(quiet.pk, 1, [])] == [late.pk]
