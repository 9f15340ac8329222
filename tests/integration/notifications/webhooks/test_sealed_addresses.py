"""The URLs of webhooks are encrypted: that of a Slack channel is a credential."""

from __future__ import annotations

import importlib
import re
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import Role
from notifications.models import Delivery, DeliveryState, Webhook
from notifications.webhooks.actions import name_of
from notifications.webhooks.queue import claim
from sessions_app.models import Session
from tests.factory import make_delivery, make_user, make_webhook

pytestmark = pytest.mark.django_db
CHANNEL = "https://hooks.slack.com/services/T0/B0/s3cret"


def _stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT url FROM notifications_webhook")
        return str(cursor.fetchone()[0])


def test_it_encrypts_urls_in_the_database(session: Session) -> None:
    made = make_webhook(session.account, url=CHANNEL)

    assert "slack" not in _stored()
    assert Webhook.objects.get().url == CHANNEL
    assert name_of(made) == "hooks.slack.com"


def test_it_encrypts_existing_urls_and_back(session: Session) -> None:
    make_webhook(session.account)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_webhook SET url = %s", [CHANNEL])
    step = importlib.import_module("notifications.migrations.0008_seal_webhook_addresses")

    editor = SimpleNamespace(connection=connection)

    step.seal_open_addresses(apps, editor)

    assert re.fullmatch(r"v1\.[0-9a-f]{8}\..+", _stored())
    assert Webhook.objects.get().url == CHANNEL
    step.open_addresses(apps, editor)
    assert _stored() == CHANNEL


@pytest.fixture
def lost(session: Session, settings: Settings) -> Webhook:
    """A webhook whose encryption key is lost."""
    webhook = make_webhook(session.account)
    settings.FIELD_ENCRYPTION_KEYS = (b"n" * 32,)
    settings.SECRET_KEY = "another" * 8
    return Webhook.objects.get(pk=webhook.pk)


def test_it_sends_nothing_without_a_readable_url(lost: Webhook) -> None:
    delivery = make_delivery(lost)

    assert claim(lost.pk, 5, []) == []

    row = Delivery.objects.get(pk=delivery.pk)
    assert row.state == DeliveryState.FAILED
    assert "cannot be read" in row.error


def test_it_accepts_a_new_url_after_a_lost_key(lost: Webhook) -> None:
    alice = Client()
    alice.force_login(make_user("alice", lost.account, Role.OWNER))

    listed = alice.get(reverse("webhooks"))
    page = alice.get(reverse("webhook_change", args=[lost.pk]))
    new = {"url": "https://93.184.216.34/new", "events": ["session.qr"]}
    changed = alice.post(reverse("webhook_change", args=[lost.pk]), new)

    assert listed.status_code == page.status_code == 200
    assert "an address that cannot be read" in listed.text
    assert changed.status_code == 302
    assert Webhook.objects.get().url == new["url"]
