"""Whatever WhatsApp sends is stored once, on every database, with a time that makes sense."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import EarlyReceipt, Message
from sessions_app.engine.engine_events import MessageReceived, ReceiptReceived
from sessions_app.gateway.decisions.event_facts import incoming_message, receipt
from sessions_app.models import Session
from tests.integration.conversations.ledger.conftest import Gateway

CASES = 150
TIMES = st.sampled_from([0.0, -1.0, 1e300, float("nan"), 1.78e12, 2.7e9, 2.0**63]) | st.floats()
WORDS = st.text(max_size=10) | st.sampled_from(["x" * 70_000, "\x00", "\ud800", "\U0001f600" * 200])
NUMBERS = st.sampled_from(["+351911111111", "+123456789012345678", "+" + "1" * 400, ""]) | WORDS
SENT = MessageReceived(
    peer="+351911111111", chat="351911111111@s.whatsapp.net", whatsapp_id="3A01",
    peer_name="Dora", text="Hi", media=None, sent_at=1_780_000_000.0, from_me=False,
)  # fmt: skip
MESSAGES = st.builds(
    MessageReceived,
    key=st.just("k" * 24),
    peer=NUMBERS, chat=WORDS, whatsapp_id=WORDS, peer_name=WORDS, text=WORDS,
    media=st.none() | WORDS, sent_at=TIMES, from_me=st.booleans(), phone_at=st.none() | TIMES,
)  # fmt: skip
RECEIPTS = st.builds(
    ReceiptReceived,
    peer=NUMBERS, chat=WORDS, whatsapp_ids=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    status=st.sampled_from(["delivered", "read"]), sent_at=TIMES,
)  # fmt: skip
fuzz = settings(max_examples=CASES, suppress_health_check=list(HealthCheck))


def test_it_stores_every_message(session: Session, gateway: Gateway) -> None:
    @fuzz
    @given(MESSAGES)
    def store(event: MessageReceived) -> None:
        Message.objects.all().delete()
        now = timezone.now()
        message = incoming_message(event.bounded(now.timestamp()))

        for _ in range(2):
            gateway.store_message(session.pk, message)

        stored = Message.objects.get()
        assert stored.sent_at is not None and stored.sent_at <= now
        assert len(stored.text) <= 65_536

    store()


def test_it_stores_every_receipt(session: Session, gateway: Gateway) -> None:
    @fuzz
    @given(RECEIPTS)
    def store(event: ReceiptReceived) -> None:
        EarlyReceipt.objects.all().delete()
        now = timezone.now()

        gateway.store_receipt(session.pk, receipt(event.bounded(now.timestamp())))

        assert EarlyReceipt.objects.count() == len(set(event.whatsapp_ids))
        assert not EarlyReceipt.objects.filter(at__gt=now).exists()

    store()


@pytest.mark.parametrize(
    "change",
    [
        {"peer": "+123456789012345678"},
        {"sent_at": 1.78e12},
        {"text": "x" * 2_000_000},
        {"peer_name": "B" * 500},
        {"whatsapp_id": "3A" * 100},
        {"media": "m" * 50},
    ],
    ids=lambda change: next(iter(change)),
)
def test_it_stores_messages_with_values_outside_the_bounds(
    session: Session, gateway: Gateway, change: dict[str, Any]
) -> None:
    now = timezone.now()

    gateway.store_message(
        session.pk, incoming_message(replace(SENT, **change).bounded(now.timestamp()))
    )

    assert Message.objects.get().account_id == session.account_id
