"""Two processes with one queue."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from notifications.models import Delivery, Webhook
from notifications.webhooks.queue import claim
from sessions_app.gateway.ports import Change
from sessions_app.lifecycle import Event
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest
from tests.factory import apply_change, make_account, make_delivery, make_session, make_webhook
from tests.integration.at_once import on_its_own_connection, only_on_postgresql

pytestmark = [pytest.mark.django_db(transaction=True), only_on_postgresql]


def _meanwhile(act: Callable[[], Any]) -> Any:
    """Return the result of ``act`` in a second transaction, which must not wait for the first."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(on_its_own_connection, act).result(timeout=30)


def test_it_claims_each_delivery_only_once() -> None:
    webhook = make_webhook(make_account())
    for _ in range(8):
        make_delivery(webhook, session_id=uuid4())

    with transaction.atomic():
        mine = claim(webhook.pk, 1, [])
        theirs = _meanwhile(lambda: claim(webhook.pk, 4, []))

    assert (len(mine), len(theirs)) == (1, 4)
    assert not {one.delivery for one in mine} & {one.delivery for one in theirs}


def test_it_keeps_a_change_when_the_webhook_is_deleted() -> None:
    session: Session = make_session()
    webhook = make_webhook(session.account)

    with transaction.atomic():
        apply_change("test", ChangeRequest(session.pk, 1, Change(Event.DROPPED)))
        _meanwhile(lambda: Webhook.objects.filter(pk=webhook.pk).delete())

    session.refresh_from_db()
    assert session.status == "initializing"
    assert claim(webhook.pk, 4, []) == []
    assert not Delivery.objects.filter(attempts__gt=0).exists()
