"""Each event is recorded for each subscribed webhook, in the transaction of the change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.ledger.inbound import store_message
from conversations.ledger.receipts import store_receipt
from conversations.models import MessageStatus
from notifications.models import Delivery
from sessions_app.gateway.ports import Change, IncomingMessage, PairingQr, Receipt
from sessions_app.lifecycle import Event, Status
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest
from tests.factory import apply_change, make_location, make_message, make_session, make_webhook

pytestmark = pytest.mark.django_db
TEXT = "My appointment is at ten"


def _change(session: Session, event: Event, **facts: Any) -> None:
    apply_change("test", ChangeRequest(session.pk, 1, Change(event, **facts)))


def _arrive(session: Session, text: str = TEXT, whatsapp_id: str = "3EB0AA") -> None:
    store_message(
        session.pk,
        IncomingMessage(
            whatsapp_id=whatsapp_id,
            peer="+351911111111",
            peer_name="Bea",
            text=text,
            media=None,
            from_me=False,
            sent_at=timezone.now(),
        ),
    )


def _kinds() -> list[str]:
    return list(Delivery.objects.order_by("created_at", "id").values_list("kind", flat=True))


def test_it_records_a_changed_status_without_codes(session: Session) -> None:
    make_webhook(session.account)

    _change(session, Event.DROPPED)

    row = Delivery.objects.get()
    assert (row.kind, row.session_id, row.state) == ("session.status", session.pk, "waiting")
    assert (row.payload["status"], row.payload["reason"]) == ("initializing", "reconnecting")
    assert row.payload["version"] == 2
    assert not {"qr", "pairing_code", "pairing_error"} & row.payload.keys()


def test_it_records_a_new_code_without_the_code() -> None:
    session = make_session(status=Status.INITIALIZING)
    make_webhook(session.account, events=["session.qr"])
    code = "https://wa.me/settings/linked_devices#secret-code"

    _change(
        session,
        Event.QR_CODE,
        qr=PairingQr(code, 2, 6, timezone.now() + timedelta(seconds=20)),
    )

    row = Delivery.objects.get()
    assert (row.kind, row.payload["number"], row.payload["of"]) == ("session.qr", 2, 6)
    assert "secret-code" not in str(row.payload)


def test_it_records_a_message_without_its_text(session: Session) -> None:
    make_webhook(session.account)

    _arrive(session)
    _arrive(session)  # a duplicate is no event

    row = Delivery.objects.get()
    assert (row.kind, row.payload) == ("message.received", {})
    assert row.message_id is not None


def test_it_records_each_receipt_of_a_message(session: Session) -> None:
    make_webhook(session.account)
    make_message(session, status=MessageStatus.SENT, whatsapp_id="3EB0BB")

    for status in ("delivered", "delivered", "read"):
        receipt = Receipt(
            whatsapp_ids=("3EB0BB",), status=status, peer="+351911111111", at=timezone.now()
        )
        store_receipt(session.pk, receipt)

    rows = Delivery.objects.order_by("created_at")
    assert [row.payload["status"] for row in rows] == ["delivered", "read"]


def test_it_records_nothing_after_a_rollback(session: Session) -> None:
    make_webhook(session.account)

    with transaction.atomic():
        _change(session, Event.DROPPED)
        _arrive(session)
        transaction.set_rollback(True)

    assert _kinds() == []
    session.refresh_from_db()
    assert session.status == "ready"


def test_it_records_only_for_subscribed_webhooks(session: Session) -> None:
    elsewhere = make_location(session.account, "Porto")
    stranger = make_session()
    here = make_webhook(session.account, location=session.location)
    make_webhook(session.account, location=elsewhere)
    make_webhook(session.account, enabled=False)
    make_webhook(session.account, events=["session.qr", "message.receipt"])
    make_webhook(stranger.account)

    _arrive(session)

    assert [row.webhook_id for row in Delivery.objects.all()] == [here.pk]


def test_it_gives_an_event_one_id_for_all_webhooks(session: Session) -> None:
    make_webhook(session.account)
    make_webhook(session.account)

    _arrive(session)

    one, two = Delivery.objects.all()
    assert one.event_id == two.event_id
    assert one.pk != two.pk


def test_it_costs_one_query_without_webhooks(session: Session) -> None:
    with CaptureQueriesContext(connection) as asked:
        _arrive(session)

    ours = [query["sql"] for query in asked.captured_queries if "notifications_" in query["sql"]]
    assert len(ours) == 1
    assert _kinds() == []
