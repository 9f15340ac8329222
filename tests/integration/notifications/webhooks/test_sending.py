"""Deliveries arrive signed at the server of a customer; failures are retried and block no other."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.webhooks.queue import LEASE, DeliveryResult, claim, finish
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.factory import make_account, make_delivery, make_message, make_session, make_webhook
from tests.integration.notifications.webhooks.receiver import Receiver, receiving
from tests.integration.notifications.webhooks.working import eventually, run, sending, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("private_allowed"),
]


def _state(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.state


def _answered(status: int) -> bool:
    """Return whether an attempt got ``status``, and make the next one due at once."""
    failed = Delivery.objects.filter(status_code=status, state="waiting")
    return bool(failed.update(next_attempt_at=timezone.now()))


async def test_it_sends_a_signed_event(receiver: Receiver) -> None:
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    delivery = await run(lambda: make_delivery(webhook))

    async with sending():
        await until(lambda: _state(delivery) == "delivered", "the delivery")

    (request,) = receiver.requests
    stamp, _, given = request.headers["Pairline-Signature"].partition(",v1=")
    signed = stamp.removeprefix("t=").encode() + b"." + request.body
    assert given == hmac.new(webhook.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["Pairline-Event"] == "session.status"
    assert request.headers["Pairline-Delivery"] == str(delivery.pk)
    assert request.headers["Content-Type"] == "application/json"
    body = json.loads(request.body)
    assert body.keys() == {"id", "type", "created_at", "account", "data"}
    assert (body["id"], body["type"]) == (str(delivery.event_id), "session.status")
    assert (body["account"], body["data"]) == (str(webhook.account_id), {"status": "ready"})
    assert (delivery.attempts, delivery.status_code, delivery.error) == (1, 200, "")
    assert delivery.duration_ms is not None


async def test_it_sends_the_text_without_storing_it(receiver: Receiver) -> None:
    session = await run(make_session)
    message = await run(lambda: make_message(session, direction="in", text="At ten? 日本 😀"))
    webhook = await run(lambda: make_webhook(session.account, receiver.url))
    delivery = await run(
        lambda: make_delivery(
            webhook, kind=WebhookEvent.MESSAGE_RECEIVED, payload={}, message_id=message.pk
        )
    )

    async with sending():
        await until(lambda: _state(delivery) == "delivered", "the delivery")

    data = json.loads(receiver.requests[0].body)["data"]
    assert (data["text"], data["from"]) == ("At ten? 日本 😀", message.peer)
    assert (data["message"], data["to"]) == (str(message.pk), session.phone_number)
    row = await run(lambda: Delivery.objects.values().get())
    assert "At ten" not in str(row)


async def test_it_truncates_a_long_text(receiver: Receiver) -> None:
    session = await run(make_session)
    message = await run(lambda: make_message(session, direction="in", text="\x01" * 65_536))
    webhook = await run(lambda: make_webhook(session.account, receiver.url))
    delivery = await run(
        lambda: make_delivery(webhook, kind=WebhookEvent.MESSAGE_RECEIVED, message_id=message.pk)
    )

    async with sending():
        await until(lambda: _state(delivery) == "delivered", "the delivery")

    data = json.loads(receiver.requests[0].body)["data"]
    assert data["text_truncated"] is True
    assert len(receiver.requests[0].body) <= 256 * 1024


async def test_it_skips_a_code_that_has_expired(
    receiver: Receiver,
) -> None:
    session = await run(lambda: make_session(status=Status.QR))
    webhook = await run(lambda: make_webhook(session.account, receiver.url))
    expires = session.qr_expires_at or timezone.now()
    shown, over = [
        await run(
            lambda at=at: make_delivery(  # type: ignore[misc]
                webhook,
                kind=WebhookEvent.SESSION_QR,
                session_id=session.pk,
                payload={"expires_at": at},
            )
        )
        for at in (expires, expires - timedelta(seconds=20))
    ]

    async with sending():
        await until(lambda: _state(shown) == "delivered", "the code that is shown")
        await until(lambda: _state(over) == "skipped", "the code that is not")

    (request,) = receiver.requests
    assert json.loads(request.body)["data"]["text"] == session.qr_text
    assert session.qr_text not in str(await run(lambda: list(Delivery.objects.values())))


async def test_it_skips_a_message_that_was_deleted(receiver: Receiver) -> None:
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    delivery = await run(
        lambda: make_delivery(webhook, kind=WebhookEvent.MESSAGE_RECEIVED, message_id=webhook.pk)
    )

    async with sending():
        await until(lambda: _state(delivery) == "skipped", "the end of the delivery")

    assert receiver.requests == []
    assert delivery.error == "The message no longer exists."


async def test_it_retries_with_the_same_ids(receiver: Receiver) -> None:
    receiver.answers = [500, 302]
    receiver.headers = {"Location": "/elsewhere"}
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    delivery = await run(lambda: make_delivery(webhook))

    async with sending():
        for status in (500, 302):
            await until(lambda status=status: _answered(status), "a failure")  # type: ignore[misc]
        await until(lambda: _state(delivery) == "delivered", "the third try")

    assert [request.path for request in receiver.requests] == ["/hook"] * 3
    assert len({request.headers["Pairline-Delivery"] for request in receiver.requests}) == 1
    assert len({json.loads(request.body)["id"] for request in receiver.requests}) == 1
    assert delivery.attempts == 3


async def test_it_records_the_failure_and_the_next_attempt(receiver: Receiver) -> None:
    receiver.answers = [503]
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    delivery = await run(lambda: make_delivery(webhook))

    async with sending():
        await until(lambda: _state(delivery) and delivery.status_code, "the failure")

    assert (delivery.state, delivery.status_code) == ("waiting", 503)
    assert delivery.error == "It answered with 503 instead of 2xx."
    wait = delivery.next_attempt_at - timezone.now()
    assert timedelta(seconds=5) < wait <= timedelta(seconds=11)


async def test_it_is_not_blocked_by_a_hanging_server(receiver: Receiver) -> None:
    receiver.gate.clear()
    account = await run(make_account)
    slow = await run(lambda: make_webhook(account, receiver.url))
    for _ in range(20):
        await run(lambda: make_delivery(slow))
    with receiving() as other:
        quick = await run(lambda: make_webhook(account, other.url))
        deliveries = [await run(lambda: make_delivery(quick)) for _ in range(10)]
        async with sending():
            await until(
                lambda: all(_state(delivery) == "delivered" for delivery in deliveries),
                "the deliveries to the address that answers",
            )
            assert len(receiver.requests) <= 4
            receiver.gate.set()

    assert len(other.requests) == 10


async def test_it_sends_the_events_of_a_session_in_order(receiver: Receiver) -> None:
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    now = timezone.now()
    for number in range(8):
        created = now + timedelta(milliseconds=number)
        await run(
            lambda number=number, created=created: make_delivery(  # type: ignore[misc]
                webhook, session_id=webhook.pk, payload={"number": number}, created_at=created
            )
        )

    async with sending():
        await until(lambda: not Delivery.objects.filter(state="waiting").exists(), "all of them")

    bodies = [json.loads(request.body) for request in receiver.requests]
    assert [body["data"]["number"] for body in bodies] == list(range(8))


async def test_it_sends_nothing_for_disabled_webhooks(receiver: Receiver) -> None:
    account = await run(make_account)
    off = await run(lambda: make_webhook(account, receiver.url, enabled=False))
    on = await run(lambda: make_webhook(account, receiver.url))
    await run(lambda: make_delivery(off))
    delivery = await run(lambda: make_delivery(on))

    async with sending():
        await until(lambda: _state(delivery) == "delivered", "the other delivery")

    assert len(receiver.requests) == 1


async def test_it_leases_an_attempt_to_one_process(
    receiver: Receiver,
) -> None:
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    delivery = await run(lambda: make_delivery(webhook))

    (first,) = await run(lambda: claim(webhook.pk, 4, []))
    assert await run(lambda: claim(webhook.pk, 4, [])) == []
    await run(lambda: Delivery.objects.update(next_attempt_at=F("next_attempt_at") - LEASE))
    (second,) = await run(lambda: claim(webhook.pk, 4, []))
    await run(lambda: finish(first, DeliveryResult(500, "Too late", 1)))

    assert (first.attempt, second.attempt) == (1, 2)
    assert await run(lambda: _state(delivery)) == "waiting"
    assert delivery.error == ""
    await run(lambda: finish(second, DeliveryResult(200, "", 1)))
    assert await run(lambda: _state(delivery)) == "delivered"


async def test_it_resends_the_attempts_of_a_dead_process(
    receiver: Receiver,
) -> None:
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    delivery = await run(lambda: make_delivery(webhook))
    await run(lambda: claim(webhook.pk, 4, []))  # and then dies
    await run(lambda: Delivery.objects.update(next_attempt_at=timezone.now()))

    async with sending():
        await until(lambda: _state(delivery) == "delivered", "the delivery")

    assert delivery.attempts == 2


async def test_it_reports_a_refused_connection(session: Session) -> None:
    webhook: Webhook = await run(lambda: make_webhook(session.account, "http://127.0.0.1:9/hook"))
    delivery = await run(lambda: make_delivery(webhook))

    async def failed() -> bool:
        return bool(await run(lambda: _state(delivery) and delivery.error))

    async with sending():
        await eventually(failed, "the failure")

    assert delivery.error.startswith("The connection was refused")
    assert delivery.status_code is None
