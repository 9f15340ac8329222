"""The constraints of the tables refuse what the code must not write."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations.models import EarlyReceipt
from sessions_app.models import Session
from tests.factory import make_message


def _refused(session: Session, constraint: str, *rows: dict[str, Any]) -> None:
    *first, last = rows
    for columns in first:
        make_message(session, **columns)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make_message(session, **last)
    assert constraint in str(caught.value) or "UNIQUE constraint failed" in str(caught.value)


def test_it_allows_an_outgoing_id_once_per_session(session: Session) -> None:
    _refused(
        session,
        "message_out_once",
        {"whatsapp_id": "3EB0A1"},
        {"whatsapp_id": "3EB0A1", "peer": "+351933333333"},
    )


def test_it_allows_an_incoming_id_once_per_sender(session: Session) -> None:
    row = {"direction": "in", "status": "received", "whatsapp_id": "3A0001"}
    _refused(session, "message_in_once", row, row)


def test_it_allows_many_texts_without_an_id(session: Session) -> None:
    for _ in range(2):
        make_message(session)


@pytest.mark.parametrize(
    ("column", "constraint"),
    [("status", "message_status_known"), ("direction", "message_direction_known")],
)
def test_it_refuses_unknown_values(session: Session, column: str, constraint: str) -> None:
    _refused(session, constraint, {column: "xyz"})


def test_it_allows_an_early_receipt_once(session: Session) -> None:
    row = {"session": session, "whatsapp_id": "3EB0A1", "status": "read", "at": timezone.now()}
    EarlyReceipt.objects.create(**row)

    with pytest.raises(IntegrityError), transaction.atomic():
        EarlyReceipt.objects.create(**row)


def test_it_allows_only_proofs_as_early_receipts(session: Session) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        EarlyReceipt.objects.create(
            session=session, whatsapp_id="3EB0A1", status="sent", at=timezone.now()
        )
