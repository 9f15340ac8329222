"""Webhooks of a deleted account: counted before, included in the export, then deleted."""

from __future__ import annotations

import json

import pytest

from locations.signals import export_files, losses
from notifications.models import Delivery, Webhook
from sessions_app.models import Session
from tests.factory import make_account, make_delivery, make_webhook

pytestmark = pytest.mark.django_db


def test_it_exports_webhooks_without_secrets(session: Session) -> None:
    webhook = make_webhook(session.account)
    make_webhook(make_account("Elsewhere"))

    (file,) = [file for file in export_files(session.account_id) if file.name == "webhooks.json"]
    (row,) = file.rows

    assert row["url"] == webhook.url
    assert webhook.secret not in json.dumps(row, default=str)


def test_it_counts_webhooks_before_deletion(session: Session) -> None:
    assert "webhook" not in str(losses(session.account_id))
    make_webhook(session.account)

    assert "1 webhook" in [loss.words for loss in losses(session.account_id)]


def test_it_deletes_webhooks_with_the_account(session: Session) -> None:
    make_delivery(make_webhook(session.account), session_id=session.pk)

    session.account.delete()

    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
