"""The API of webhooks."""

from __future__ import annotations

from typing import Any

import pytest

from locations.models import Account, ApiKey
from notifications.models import Delivery, DeliveryState, Webhook
from sessions_app.models import Session
from tests.factory import make_account, make_delivery, make_location, make_webhook
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key

pytestmark = pytest.mark.django_db
PUBLIC = "https://93.184.216.34/hooks"
NEW = {"url": PUBLIC, "events": ["message.received"]}


@pytest.fixture
def account(session: Session) -> Account:
    return session.account


@pytest.fixture
def caller(account: Account) -> Caller:
    return Caller(make_key(account))


@pytest.fixture
def stranger() -> Caller:
    return Caller(make_key(make_account("Elsewhere")))


def test_it_creates_a_webhook_and_returns_its_secret_once(caller: Caller) -> None:
    answer = caller.post("/webhooks/", NEW)

    made = Webhook.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(made.pk),
        "url": PUBLIC,
        "format": "pairline",
        "events": ["message.received"],
        "location": None,
        "enabled": True,
        "disabled_reason": "",
        "created_at": answer.json()["created_at"],
        "secret": made.secret,
    }
    for path in ("/webhooks/", f"/webhooks/{made.pk}/"):
        assert made.secret not in caller.get(path).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://10.0.0.1/"),
        ("url", ""),
        ("url", 7),
        ("url", "\u202ehttps://93.184.216.34/"),
        ("url", "https://93.184.216.34/" + "x" * 500),
        ("events", []),
        ("events", ["everything"]),
        ("format", "discord"),
        ("events", "message.received"),
        ("events", None),
        ("location", "nowhere"),
        ("location", 7),
    ],
)
def test_it_names_the_invalid_field(caller: Caller, field: str, value: Any) -> None:
    body = assert_problem(caller.post("/webhooks/", {**NEW, field: value}), 400, "invalid")

    assert list(body["errors"]) == [field]
    assert not Webhook.objects.exists()


def test_it_creates_a_slack_channel_with_a_hidden_url(caller: Caller) -> None:
    secret_url = "https://93.184.216.34/services/T0/s3cret"

    answer = caller.post("/webhooks/", {"url": secret_url, "format": "slack"})

    made = answer.json()
    assert answer.status_code == 201
    assert (made["format"], made["events"], made["secret"]) == ("slack", ["notice"], "")
    base = f"/webhooks/{made['id']}"
    for text in (answer.content, caller.get(f"{base}/").content, caller.get("/webhooks/").content):
        assert b"s3cret" not in text
    assert Webhook.objects.get().url == secret_url
    assert_problem(caller.post(f"{base}/rotate/"), 409, "not_signed")
    assert caller.post(f"{base}/test/").status_code == 202


def test_it_refuses_other_events_for_slack(caller: Caller, account: Account) -> None:
    channel = make_webhook(account, format="slack", events=["notice"], secret="")
    events = {"events": ["session.qr"]}

    made = caller.post("/webhooks/", {"url": PUBLIC, "format": "slack", **events})
    changed = caller.patch(f"/webhooks/{channel.pk}/", events)

    for answer in (made, changed):
        assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["events"]
    assert caller.patch(f"/webhooks/{channel.pk}/", {"events": ["notice"]}).status_code == 200


def test_it_requires_events_for_other_webhooks(caller: Caller) -> None:
    body = assert_problem(caller.post("/webhooks/", {"url": PUBLIC}), 400, "invalid")

    assert list(body["errors"]) == ["events"]


def test_it_refuses_a_location_of_another_account(caller: Caller) -> None:
    foreign = make_location(make_account("Elsewhere"))

    assert_problem(
        caller.post("/webhooks/", {**NEW, "location": str(foreign.pk)}), 404, "not_found"
    )


def test_it_stops_at_twenty(caller: Caller, account: Account) -> None:
    for _ in range(20):
        make_webhook(account)

    assert_problem(caller.post("/webhooks/", NEW), 409, "too_many_webhooks")


def test_it_tests_replays_rotates_and_deletes(caller: Caller, account: Account) -> None:
    webhook = make_webhook(account)
    failed = make_delivery(webhook, state=DeliveryState.FAILED, attempts=9)
    base = f"/webhooks/{webhook.pk}"

    tested = caller.post(f"{base}/test/")
    assert (tested.status_code, tested.json()["type"]) == (202, "webhook.test")
    assert caller.post(f"{base}/replay/").json() == {"replayed": 1}
    again = caller.post(f"/webhooks/deliveries/{failed.pk}/replay/")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    old = webhook.secret
    assert caller.post(f"{base}/rotate/").json()["secret"] != old
    assert caller.call("DELETE", f"{base}/").status_code == 204

    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


def test_it_lists_deliveries_without_payloads(caller: Caller, account: Account) -> None:
    webhook = make_webhook(account)
    make_delivery(webhook, payload={"phone_number": "+351912345678"})
    failed = make_delivery(webhook, state=DeliveryState.FAILED, kind="session.qr")
    path = f"/webhooks/{webhook.pk}/deliveries/"

    assert "+351912345678" not in caller.get(path).content.decode()
    assert len(caller.get(path).json()["results"]) == 2
    for query in ("state=failed", "type=session.qr"):
        (row,) = caller.get(f"{path}?{query}").json()["results"]
        assert (row["id"], row["next_attempt_at"]) == (str(failed.pk), None)
    assert_problem(caller.get(f"{path}?state=other"), 400, "invalid")


def test_it_sends_nothing_while_switched_off(caller: Caller, account: Account) -> None:
    webhook = make_webhook(account, enabled=False)
    delivery = make_delivery(webhook, state=DeliveryState.FAILED)

    for path in (
        f"/webhooks/{webhook.pk}/test/",
        f"/webhooks/{webhook.pk}/replay/",
        f"/webhooks/deliveries/{delivery.pk}/replay/",
    ):
        assert_problem(caller.post(path), 409, "webhook_off")


def test_it_hides_webhooks_from_strangers(stranger: Caller, account: Account) -> None:
    webhook = make_webhook(account)
    delivery = make_delivery(webhook)

    assert stranger.get("/webhooks/").json()["results"] == []
    for path in ("", "test/", "replay/", "rotate/", "deliveries/"):
        method = "GET" if path in ("", "deliveries/") else "POST"
        answer = stranger.call(method, f"/webhooks/{webhook.pk}/{path}")
        assert_problem(answer, 404, "not_found")
    assert_problem(stranger.post(f"/webhooks/deliveries/{delivery.pk}/replay/"), 404, "not_found")
    assert_problem(stranger.call("DELETE", f"/webhooks/{webhook.pk}/"), 404, "not_found")


def test_it_refuses_changes_with_a_read_only_key(account: Account) -> None:
    webhook = make_webhook(account)
    reader = Caller(make_key(account, scopes=["read"]))

    assert reader.get("/webhooks/").status_code == 200
    assert_problem(reader.post("/webhooks/", NEW), 403, "scope_missing")
    assert_problem(reader.call("DELETE", f"/webhooks/{webhook.pk}/"), 403, "scope_missing")


def test_it_limits_keys_to_webhooks_of_their_locations(account: Account, session: Session) -> None:
    everywhere = make_webhook(account)
    here = make_webhook(account, location=session.location)
    make_webhook(account, location=make_location(account, "Porto"))
    delivery = make_delivery(everywhere)
    limited = Caller(make_key(account, is_limited=True))
    ApiKey.objects.get().locations.add(session.location)

    assert [row["id"] for row in limited.get("/webhooks/").json()["results"]] == [str(here.pk)]
    assert_problem(limited.post(f"/webhooks/deliveries/{delivery.pk}/replay/"), 404, "not_found")
    assert_problem(limited.post("/webhooks/", NEW), 400, "invalid")
    made = limited.post("/webhooks/", {**NEW, "location": str(session.location_id)})
    assert made.status_code == 201


def test_it_changes_only_the_given_fields(caller: Caller, account: Account) -> None:
    webhook = make_webhook(account, url=PUBLIC, events=["session.status"])

    answer = caller.patch(f"/webhooks/{webhook.pk}/", {"events": ["message.received"]})

    assert (answer.status_code, answer.json()["events"]) == (200, ["message.received"])
    webhook.refresh_from_db()
    assert (webhook.url, webhook.events, webhook.enabled) == (PUBLIC, ["message.received"], True)


def test_it_switches_off_and_on_again(caller: Caller, account: Account) -> None:
    path = f"/webhooks/{make_webhook(account).pk}/"

    off = caller.patch(path, {"enabled": False}).json()
    on = caller.patch(path, {"enabled": True}).json()

    assert (off["enabled"], off["disabled_reason"] != "") == (False, True)
    assert (on["enabled"], on["disabled_reason"]) == (True, "")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "https://10.0.0.1/"},
        {"url": None},
        {"events": []},
        {"events": ["everything"]},
        {"enabled": "perhaps"},
        {"enabled": None},
        {"enabled": 0},
        {"enabled": True, "url": ""},
    ],
)
def test_it_refuses_invalid_changes(caller: Caller, account: Account, body: dict[str, Any]) -> None:
    webhook = make_webhook(account, url=PUBLIC, enabled=False)

    assert_problem(caller.patch(f"/webhooks/{webhook.pk}/", body), 400, "invalid")

    unchanged = Webhook.objects.get()
    assert (unchanged.url, unchanged.enabled) == (PUBLIC, False)


def test_it_refuses_changes_by_strangers(stranger: Caller, account: Account) -> None:
    webhook = make_webhook(account)

    assert_problem(stranger.patch(f"/webhooks/{webhook.pk}/", {"enabled": False}), 404, "not_found")
