"""The pages of webhooks: owners and members manage them, viewers see them, strangers do not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import AuditEvent
from notifications.models import Delivery, DeliveryState, Webhook
from sessions_app.models import Session
from tests.factory import make_account, make_delivery, make_location, make_user, make_webhook

pytestmark = pytest.mark.django_db
PUBLIC = "https://93.184.216.34/hooks/private-part"
NEW = {"url": PUBLIC, "events": ["message.received", "session.status"]}


def _browser(name: str, role: Any, account: Any) -> Client:
    client = Client()
    client.force_login(make_user(name, account, role))
    return client


@pytest.fixture
def alice(session: Session) -> Client:
    return _browser("alice", "owner", session.account)


@pytest.fixture
def bob(session: Session) -> Client:
    return _browser("bob", "member", session.account)


@pytest.fixture
def vera(session: Session) -> Client:
    return _browser("vera", "viewer", session.account)


@pytest.fixture
def webhook(session: Session) -> Webhook:
    return make_webhook(session.account)


def _page(webhook: Webhook, name: str = "webhook") -> str:
    return reverse(name, args=[webhook.pk])


def _verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_it_creates_a_webhook_and_shows_its_secret_once(
    who: str, request: pytest.FixtureRequest
) -> None:
    browser: Client = request.getfixturevalue(who)

    answer = browser.post(reverse("webhook_new"), NEW, follow=True)

    made = Webhook.objects.get()
    assert (made.url, made.events) == (PUBLIC, ["session.status", "message.received"])
    assert made.secret in answer.content.decode()
    assert made.secret not in browser.get(_page(made)).content.decode()
    assert made.secret not in str(list(Webhook.objects.values("secret")))
    (line,) = AuditEvent.objects.all()
    assert (line.verb, line.target) == ("webhook_created", "93.184.216.34")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "Enter the full address"),
        ("ftp://93.184.216.34/", "Enter the full address"),
        ("example", "Enter the full address"),
        ("https://", "Enter the full address"),
        ("https://[::1/", "not a valid address"),
        ("https://127.0.0.1/", "private network"),
        ("https://localhost/", "private network"),
        ("https://2130706433/", "private network"),
        ("https://0x7f.1/", "private network"),
        ("https://[::ffff:10.0.0.1]/", "private network"),
        ("https://169.254.169.254/latest/meta-data", "private network"),
        ("https://93.184.216.34:25/", "this port"),
        ("https://me:secret@93.184.216.34/", "Remove the user name and password"),
        ("https://93.184.216.34/" + "x" * 500, "at most 500 characters"),
        ("https://93.184.216.34/a b", "without spaces"),
        ("https://93.184.216.34/\u202e", "without spaces"),
    ],
)
def test_it_explains_why_a_url_is_refused(alice: Client, url: str, reason: str) -> None:
    answer = alice.post(reverse("webhook_new"), {**NEW, "url": url})

    assert answer.status_code == 422
    page = answer.content.decode()
    assert reason in page
    assert 'id="id_url_error"' in page
    assert 'value="message.received" id="id_events_2" checked' in page  # value is kept
    assert not Webhook.objects.exists()


def test_it_accepts_private_addresses_if_the_operator_allows_them(
    alice: Client, private_allowed: None
) -> None:
    answer = alice.post(reverse("webhook_new"), {**NEW, "url": "http://127.0.0.1:8080/hook"})

    assert answer.status_code == 302


def test_it_requires_tls_in_production(alice: Client, settings: Any) -> None:
    settings.DEBUG = False

    answer = alice.post(reverse("webhook_new"), {**NEW, "url": "http://93.184.216.34/"})

    assert "Use https://" in answer.content.decode()


def test_it_accepts_only_known_events_and_own_locations(alice: Client) -> None:
    foreign = make_location(make_account("Elsewhere"))

    answer = alice.post(
        reverse("webhook_new"), {"url": PUBLIC, "events": "everything", "location": foreign.pk}
    )

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"events", "location"}


def test_it_stops_at_twenty(alice: Client, session: Session) -> None:
    for _ in range(20):
        make_webhook(session.account)

    answer = alice.post(reverse("webhook_new"), NEW)

    assert answer.status_code == 422
    assert "at most 20 webhooks" in answer.content.decode()


def test_it_changes_a_webhook(bob: Client, webhook: Webhook, session: Session) -> None:
    new = {"url": PUBLIC, "events": ["session.qr"], "location": session.location_id}

    assert bob.post(_page(webhook, "webhook_change"), new).status_code == 302

    webhook.refresh_from_db()
    assert (webhook.url, webhook.events) == (PUBLIC, ["session.qr"])
    assert webhook.location == session.location
    assert _verbs() == ["webhook_changed"]


def test_it_rotates_the_secret_after_confirmation(alice: Client, webhook: Webhook) -> None:
    old = webhook.secret
    assert "New secret for" in alice.get(_page(webhook, "webhook_rotate")).content.decode()

    answer = alice.post(_page(webhook, "webhook_rotate"), follow=True)

    webhook.refresh_from_db()
    assert webhook.secret != old
    assert webhook.secret in answer.content.decode()
    assert _verbs() == ["webhook_secret_rotated"]


def test_it_resets_waiting_deliveries_when_switched_on(alice: Client, webhook: Webhook) -> None:
    waits = make_delivery(webhook, attempts=3)

    alice.post(_page(webhook, "webhook_switch"), {"on": "0"})
    webhook.refresh_from_db()
    assert not webhook.enabled
    assert "Switched off by alice@example.com." in alice.get(_page(webhook)).content.decode()
    alice.post(_page(webhook, "webhook_switch"), {"on": "1"})

    webhook.refresh_from_db()
    waits.refresh_from_db()
    assert webhook.enabled
    assert (waits.state, waits.attempts) == (DeliveryState.WAITING, 0)
    assert _verbs() == ["webhook_switched"] * 2


def test_it_deletes_a_webhook_after_confirmation(alice: Client, webhook: Webhook) -> None:
    make_delivery(webhook)
    question = alice.get(_page(webhook, "webhook_delete")).content.decode()
    assert "Delete the webhook to 93.184.216.34?" in question

    alice.post(_page(webhook, "webhook_delete"))

    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
    assert _verbs() == ["webhook_deleted"]


def test_it_sends_a_test_event(alice: Client, webhook: Webhook) -> None:
    answer = alice.post(_page(webhook, "webhook_test"), follow=True)

    row = Delivery.objects.get()
    assert (row.kind, row.state) == ("webhook.test", "waiting")
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    assert _verbs() == ["webhook_tested"]


def test_it_replays_one_or_all_failed_deliveries(alice: Client, webhook: Webhook) -> None:
    failed = [make_delivery(webhook, state=DeliveryState.FAILED, attempts=9) for _ in range(3)]
    taken = make_delivery(webhook, state=DeliveryState.DELIVERED, attempts=1)

    alice.post(reverse("webhook_delivery_replay", args=[failed[0].pk]))
    assert Delivery.objects.filter(state=DeliveryState.WAITING).get() == failed[0]
    alice.post(_page(webhook, "webhook_replay"))

    assert Delivery.objects.filter(state=DeliveryState.WAITING, attempts=0).count() == 3
    taken.refresh_from_db()
    assert taken.state == DeliveryState.DELIVERED
    assert _verbs() == ["webhook_replayed"] * 2


def test_it_replays_nothing_while_switched_off(alice: Client, session: Session) -> None:
    off = make_webhook(session.account, enabled=False)
    failed = make_delivery(off, state=DeliveryState.FAILED)

    for path in (
        _page(off, "webhook_test"),
        _page(off, "webhook_replay"),
        reverse("webhook_delivery_replay", args=[failed.pk]),
    ):
        answer = alice.post(path, follow=True)
        assert "Switch it on first" in answer.content.decode()

    assert not Delivery.objects.filter(state=DeliveryState.WAITING).exists()


def test_it_filters_the_log(alice: Client, webhook: Webhook) -> None:
    failed = make_delivery(webhook, state=DeliveryState.FAILED, error="It answered with 500.")
    make_delivery(webhook, kind="session.qr", state=DeliveryState.DELIVERED)

    def shown(query: str) -> list[str]:
        page = alice.get(f"{_page(webhook)}?{query}").content.decode()
        return re.findall(r"deliveries/([0-9a-f-]{36})/", page)

    assert len(shown("")) == 2
    assert shown("state=failed") == [str(failed.pk)]
    assert shown("kind=session.status") == [str(failed.pk)]
    assert shown(f"q={failed.event_id}") == [str(failed.pk)]
    assert shown("q=nonsense") == []
    assert len(shown("state=nonsense&kind=other")) == 2


def test_it_paginates_the_log_and_keeps_the_filter(alice: Client, webhook: Webhook) -> None:
    for _ in range(51):
        make_delivery(webhook, state=DeliveryState.FAILED)

    page = alice.get(_page(webhook), {"state": "failed"}).content.decode()

    assert page.count('class="at"') == 50
    assert "?state=failed&amp;page=2" in page


def test_it_shows_a_delivery_without_signature_or_content(alice: Client, webhook: Webhook) -> None:
    delivery = make_delivery(
        webhook,
        payload={"phone_number": "+351912345678"},
        state=DeliveryState.FAILED,
        status_code=500,
        attempts=9,
        attempted_at=webhook.created_at,
        duration_ms=120,
        error="It answered with 500 instead of 2xx.",
    )

    page = alice.get(reverse("webhook_delivery", args=[delivery.pk])).content.decode()

    assert "v1=…" in page and "120 ms" in page and str(delivery.event_id) in page
    assert "+351912345678" not in page
    assert webhook.secret not in page


def test_it_lets_viewers_read_only(vera: Client, webhook: Webhook) -> None:
    delivery = make_delivery(webhook, state=DeliveryState.FAILED)

    assert "93.184.216.34" in vera.get(reverse("webhooks")).content.decode()
    for path in (_page(webhook), reverse("webhook_delivery", args=[delivery.pk])):
        page = vera.get(path).content.decode()
        assert 'method="post" action="/settings/webhooks' not in page
    for name in ("change", "rotate", "switch", "delete", "test", "replay"):
        assert vera.post(_page(webhook, f"webhook_{name}")).status_code == 403, name
    assert vera.post(reverse("webhook_new"), NEW).status_code == 403
    assert vera.get(reverse("webhook_new")).status_code == 403


def test_it_hides_webhooks_from_strangers(webhook: Webhook) -> None:
    charlie = _browser("charlie", "owner", make_account("Elsewhere"))
    delivery = make_delivery(webhook)

    assert "93.184.216.34" not in charlie.get(reverse("webhooks")).content.decode()
    assert charlie.get(_page(webhook)).status_code == 404
    assert charlie.post(_page(webhook, "webhook_delete")).status_code == 404
    assert charlie.get(reverse("webhook_delivery", args=[delivery.pk])).status_code == 404


def test_it_lists_webhooks_with_constant_queries(
    alice: Client, session: Session, django_assert_max_num_queries: Any
) -> None:
    for _ in range(10):
        make_delivery(make_webhook(session.account, location=session.location))

    with django_assert_max_num_queries(9):
        alice.get(reverse("webhooks"))
