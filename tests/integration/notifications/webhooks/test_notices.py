"""Notices delivered to webhooks and Slack channels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from locations.models import Account, Role
from notifications.kinds import NoticeKind
from notifications.models import Delivery, DeliveryState, Webhook, WebhookEvent, WebhookFormat
from notifications.notices.dispatch import gather
from notifications.webhooks.payloads import body_of
from sessions_app.models import Session
from tests.factory import connect, make_account, make_notice, make_user, make_webhook
from tests.integration.notifications.webhooks.receiver import Receiver
from tests.integration.notifications.webhooks.working import run, sending, until

SLACK: dict[str, Any] = {"format": WebhookFormat.SLACK, "events": ["notice"], "secret": ""}


@pytest.fixture
def home(db: None) -> Account:
    return make_account()


@pytest.fixture
def alice(home: Account) -> Client:
    client = Client()
    client.force_login(make_user("alice", home, Role.OWNER))
    return client


def tell(*sessions: Session, kind: NoticeKind = NoticeKind.LOST, **more: Any) -> list[Delivery]:
    """Send notices about ``sessions`` and return the deliveries."""
    for session in sessions:
        make_notice(session, kind, **more)
    gather(timezone.now())
    return list(Delivery.objects.filter(kind=WebhookEvent.NOTICE))


def test_it_delivers_a_notice_about_a_number(home: Account) -> None:
    make_webhook(home)
    lisbon = connect(home, "Lisbon")

    (delivery,) = tell(lisbon)

    assert delivery.session_id == lisbon.pk
    body = json.loads(body_of(delivery))
    assert body["type"] == "notice"
    data, page = body["data"], f"{settings.PUBLIC_URL}/sessions/{lisbon.pk}/"
    assert (data["kind"], data["count"], data["url"]) == ("lost", 1, page)
    assert data["sentence"] == "Lisbon lost its connection: The link was removed on the phone"
    (session,) = data["sessions"]
    assert session["location"] == str(lisbon.location_id)
    assert (session["reason"], session["phone_number"]) == ("logged_out", lisbon.phone_number)


def test_it_delivers_one_event_for_many_numbers(home: Account) -> None:
    make_webhook(home)

    (delivery,) = tell(*(connect(home, f"Place {number}") for number in range(120)))

    data = delivery.payload
    assert (data["count"], len(data["sessions"])) == (120, 100)
    assert data["sentence"] == "120 numbers: A number lost its connection"
    assert data["url"] == f"{settings.PUBLIC_URL}/numbers/"


def test_it_limits_webhooks_to_their_location(home: Account) -> None:
    lisbon, porto = connect(home, "Lisbon"), connect(home, "Porto")
    of_porto = make_webhook(home, location=porto.location)
    whole, another = make_webhook(home), make_webhook(home)

    deliveries = {delivery.webhook_id: delivery for delivery in tell(lisbon, porto)}

    assert deliveries[of_porto.pk].payload["sentence"].startswith("Porto lost")
    assert deliveries[whole.pk].payload["count"] == 2
    assert deliveries[whole.pk].event_id == deliveries[another.pk].event_id
    assert deliveries[whole.pk].event_id != deliveries[of_porto.pk].event_id


def test_it_delivers_only_to_subscribed_webhooks(home: Account) -> None:
    make_webhook(home, events=["session.status"])
    make_webhook(home, enabled=False)
    make_webhook(make_account("Elsewhere"))

    assert tell(connect(home, "Lisbon")) == []


@pytest.mark.parametrize("kind", [NoticeKind.PLAN, NoticeKind.BOUNCED, NoticeKind.WEBHOOK_OFF])
def test_it_delivers_no_notices_for_owners(home: Account, kind: NoticeKind) -> None:
    make_webhook(home)

    assert tell(connect(home, "Lisbon"), kind=kind) == []


def test_it_delivers_no_quiet_notices(home: Account) -> None:
    make_webhook(home)

    assert tell(connect(home, "Lisbon"), quiet=True) == []


def test_it_formats_notices_for_slack(home: Account) -> None:
    make_webhook(home, **SLACK)
    lisbon = connect(home, "Bed & <Breakfast>")

    (delivery,) = tell(lisbon)

    body = json.loads(body_of(delivery, WebhookFormat.SLACK))
    assert set(body) == {"text", "blocks"}
    assert body["text"].startswith("Bed &amp; &lt;Breakfast&gt; lost its connection")
    assert f"<{settings.PUBLIC_URL}/sessions/{lisbon.pk}/|Open in Pairline>" in body["text"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("private_allowed", "plain_allowed")
async def test_it_posts_to_slack_without_a_signature(receiver: Receiver) -> None:
    def made() -> None:
        home = make_account()
        make_webhook(home, receiver.url, **SLACK)
        tell(connect(home, "Lisbon"))

    await run(made)
    async with sending():
        await until(
            lambda: Delivery.objects.filter(state=DeliveryState.DELIVERED).exists(), "the delivery"
        )

    (request,) = receiver.requests
    assert json.loads(request.body)["text"].startswith("Lisbon lost its connection")
    assert "Pairline-Signature" not in request.headers


def test_it_adds_and_tests_a_slack_channel(alice: Client, home: Account) -> None:
    page = alice.get("/settings/webhooks/").content.decode()
    assert "/settings/webhooks/new/?format=slack" in page

    form = alice.get("/settings/webhooks/new/?format=slack").content.decode()
    assert 'name="events"' not in form
    address = "https://93.184.216.34/services/T0/B0/s3cret"
    answer = alice.post("/settings/webhooks/new/?format=slack", {"url": address})

    channel = Webhook.objects.get()
    assert (channel.format, channel.events, channel.secret) == ("slack", ["notice"], "")
    shown = alice.get(answer["Location"]).content.decode()
    assert "The secret of this webhook" not in shown
    assert "s3cret" not in shown + alice.get("/settings/webhooks/").content.decode()
    alice.post(f"/settings/webhooks/{channel.pk}/test/")
    body = json.loads(body_of(Delivery.objects.get(), channel.format))
    assert body["text"] == "This is a test. Notices about your numbers will appear here."


def test_it_keeps_an_invalid_url_in_the_form(alice: Client) -> None:
    url = "/settings/webhooks/new/?format=slack"

    answer = alice.post(url, {"url": "http://127.0.0.1/services"})

    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="http://127.0.0.1/services"' in page
    assert "Add a Slack channel" in page


def test_it_keeps_the_format_of_a_changed_channel(alice: Client, home: Account) -> None:
    channel = make_webhook(home, **SLACK)
    page = f"/settings/webhooks/{channel.pk}/"

    changed = alice.post(
        page + "change/", {"url": "https://93.184.216.34/new", "events": ["session.qr"]}
    )
    alice.post(page + "rotate/")

    assert changed.status_code == 302
    channel.refresh_from_db()
    assert channel.url == "https://93.184.216.34/new"
    assert (channel.events, channel.secret) == (["notice"], "")


def test_it_shows_no_signature_for_slack(alice: Client, home: Account) -> None:
    make_webhook(home, **SLACK)
    (delivery,) = tell(connect(home, "Lisbon"))
    Delivery.objects.update(attempted_at=timezone.now())

    page = alice.get(f"/settings/webhooks/deliveries/{delivery.pk}/").content.decode()

    assert "Pairline-Event" in page
    assert "Pairline-Signature" not in page
