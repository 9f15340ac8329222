"""The admin pages of webhooks, without secrets and payloads."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import User
from tests.factory import make_account, make_delivery, make_webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client, settings: Settings) -> Client:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    client.force_login(User.objects.create_superuser("operator@example.com"))
    return client


def test_it_filters_dead_webhooks(operator: Client) -> None:
    make_webhook(make_account("Alive"), url="https://alive.example.com/x")
    make_webhook(make_account("Gone"), url="https://gone.example.com/x", enabled=False, died=True)

    page = operator.get(reverse("admin:notifications_webhook_changelist"), {"died__exact": "1"})

    text = page.content.decode()
    assert "gone.example.com" in text
    assert "alive.example.com" not in text


def test_it_shows_no_secrets(operator: Client) -> None:
    webhook = make_webhook(make_account(), url="https://hooks.example.com/private-part?key=abc")
    delivery = make_delivery(webhook, payload={"phone_number": "+351912345678"})

    for path in (
        reverse("admin:notifications_webhook_changelist"),
        reverse("admin:notifications_webhook_change", args=[webhook.pk]),
        reverse("admin:notifications_delivery_changelist"),
        reverse("admin:notifications_delivery_change", args=[delivery.pk]),
    ):
        answer = operator.get(path)
        text = answer.content.decode()
        assert (answer.status_code, "hooks.example.com" in text) == (200, True), path
        for secret in ("private-part", "whsec_", "+351912345678", webhook.secret):
            assert secret not in text, path


def test_it_is_read_only(operator: Client) -> None:
    webhook = make_webhook(make_account())

    assert operator.get(reverse("admin:notifications_webhook_add")).status_code == 403
    path = reverse("admin:notifications_webhook_change", args=[webhook.pk])
    assert operator.post(path, {"url": "https://elsewhere.example.com/"}).status_code == 403
