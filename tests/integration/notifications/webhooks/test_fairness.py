"""One customer's slow webhooks and many deliveries do not delay those of others."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from locations.models import Role
from locations.principals import Principal
from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.webhooks import actions, queue
from notifications.webhooks.sending import lanes
from tests.factory import make_account, make_delivery, make_webhook
from tests.integration.notifications.webhooks.receiver import Receiver, receiving
from tests.integration.notifications.webhooks.working import run, sending, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("private_allowed"),
]


def _flood(accounts: int, webhooks: int, url: str) -> None:
    """A delivery to each webhook of each account, all due for an hour."""
    ago = timezone.now() - timedelta(hours=1)
    for number in range(accounts):
        account = make_account(f"Slow {number}")
        for _ in range(webhooks):
            make_delivery(make_webhook(account, url), created_at=ago, next_attempt_at=ago)


def _delivered(delivery: Delivery) -> bool:
    delivery.refresh_from_db()
    return bool(delivery.state == "delivered")


async def test_it_delivers_beside_240_slow_webhooks(receiver: Receiver) -> None:
    receiver.gate.clear()
    await run(lambda: _flood(12, 20, receiver.url))
    with receiving() as other:
        victim = await run(lambda: make_webhook(make_account("Quiet"), other.url))
        async with sending():
            busy = 12 * lanes.SLOW_AT_ONCE_AN_ACCOUNT
            await until(lambda: len(receiver.requests) >= busy, "the slow attempts")
            delivery = await run(lambda: make_delivery(victim))

            await until(lambda: _delivered(delivery), "the delivery of another account")

            ended = Delivery.objects.exclude(webhook=victim).exclude(error="", status_code=None)
            assert not await run(ended.exists)  # it waited for none of them
            assert len(receiver.requests) == busy
            receiver.gate.set()


def _rows(webhook: Webhook, count: int, session: uuid.UUID | None) -> None:
    ago = timezone.now() - timedelta(hours=1)
    Delivery.objects.bulk_create(
        Delivery(
            account_id=webhook.account_id,
            webhook=webhook,
            kind=WebhookEvent.SESSION_STATUS,
            session_id=session,
            next_attempt_at=ago + timedelta(milliseconds=number),
        )
        for number in range(count)
    )


def test_it_finds_other_sessions_behind_a_flood_of_one() -> None:
    webhook = make_webhook(make_account())
    busy, quiet = uuid.uuid4(), uuid.uuid4()
    _rows(webhook, 500, busy)
    late = make_delivery(webhook, session_id=quiet)

    claimed = queue.claim(webhook.pk, 4, [busy])

    assert [one.delivery for one in claimed] == [late.pk]


def test_it_claims_one_delivery_of_each_session() -> None:
    webhook = make_webhook(make_account())
    sessions = [uuid.uuid4() for _ in range(3)]
    for session in sessions:
        _rows(webhook, 100, session)

    claimed = queue.claim(webhook.pk, 4, [])

    assert sorted(str(one.session) for one in claimed) == sorted(map(str, sessions))


def test_it_looks_at_all_webhooks_in_turns() -> None:
    account = make_account()
    webhooks = [make_webhook(account) for _ in range(3)]
    idle, off = make_webhook(account), make_webhook(account, enabled=False)
    for webhook in (*webhooks, off):
        make_delivery(webhook)

    found = {one.webhook for one in queue.webhooks_with_work([])}
    first = min(found)

    assert found == {webhook.pk for webhook in webhooks}
    assert {one.webhook for one in queue.webhooks_with_work([], first)} == found - {first}
    assert {one.webhook for one in queue.webhooks_with_work([first])} == found - {first}
    assert idle.pk not in found


def test_it_gives_back_before_later_deliveries_of_the_session() -> None:
    webhook, session = make_webhook(make_account()), uuid.uuid4()
    first = make_delivery(webhook, session_id=session)
    make_delivery(webhook, session_id=session)
    claimed = queue.claim(webhook.pk, 1, [])

    queue.give_back(claimed)

    assert [one.delivery for one in queue.claim(webhook.pk, 1, [])] == [first.pk]


def test_it_ends_a_dead_webhooks_deliveries_in_parts() -> None:
    webhook = make_webhook(make_account())
    _rows(webhook, queue.ENDED_AT_ONCE + 100, None)
    long_ago = timezone.now() - timedelta(days=2)
    Delivery.objects.update(queued_at=long_ago)
    (sent,) = queue.claim(webhook.pk, 1, [])

    assert queue.finish(sent, queue.DeliveryResult(500, "It answered with 500.", 10))

    waiting = Delivery.objects.filter(state="waiting")
    assert waiting.count() == 100
    assert queue.end_of_dead()
    assert not waiting.exists()
    assert not queue.end_of_dead()


def test_it_spreads_many_replays() -> None:
    webhook = make_webhook(make_account())
    _rows(webhook, 250, None)
    Delivery.objects.update(state="failed")
    before = timezone.now()

    count = actions.replay_failed(Principal({webhook.account_id: Role.OWNER}, "alice"), webhook)

    due = Delivery.objects.filter(state="waiting").values_list("next_attempt_at", flat=True)
    waits = Counter(round((at - before).total_seconds() / 5) for at in due)
    assert (count, waits) == (250, {0: 100, 1: 100, 2: 50})
