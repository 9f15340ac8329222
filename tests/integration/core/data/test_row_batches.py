"""Rows are read in batches, in their order, each exactly once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.data.row_batches import BATCH_ROWS, values_in_batches
from locations.models import Account, AuditEvent
from tests.factory import make_account

pytestmark = pytest.mark.django_db
ROWS = 2 * BATCH_ROWS + 7


@pytest.fixture
def account() -> Account:
    """An account with many events, most of them at the same time as others."""
    found, now = make_account(), timezone.now()
    AuditEvent.objects.bulk_create(
        AuditEvent(
            account=found,
            actor="alice@example.com",
            verb="renamed",
            target=str(number),
            at=now + timedelta(seconds=number % 3),
        )
        for number in range(ROWS)
    )
    return found


@pytest.mark.parametrize("order", [("at", "id"), ("-at", "-id"), ("id",), ("-id",)])
def test_it_yields_each_row_once_in_order(account: Account, order: tuple[str, ...]) -> None:
    rows = AuditEvent.objects.of_accounts([account.pk]).order_by(*order)

    found = list(values_in_batches(rows, "target", "verb"))

    assert found == list(rows.values_list("target", "verb"))
    assert len(found) == ROWS


def test_it_reads_no_more_than_a_batch_at_once(account: Account) -> None:
    with CaptureQueriesContext(connection) as queries:
        for _ in values_in_batches(AuditEvent.objects.of_accounts([account.pk]), "target"):
            pass

    assert len(queries) == 3
    assert all(f"LIMIT {BATCH_ROWS}" in query["sql"] for query in queries)


def test_it_leaves_no_transaction_open_between_batches(account: Account) -> None:
    values = values_in_batches(AuditEvent.objects.of_accounts([account.pk]), "target")
    first = next(values)

    AuditEvent.objects.all().delete()

    assert first is not None
    assert len(list(values)) == BATCH_ROWS - 1


@pytest.mark.parametrize("order", [("at", "-id"), ()])
def test_it_refuses_rows_without_a_usable_order(account: Account, order: Any) -> None:
    rows = AuditEvent.objects.of_accounts([account.pk])
    ordered = rows.order_by(*order) if order else Account.objects.order_by()

    with pytest.raises(ValueError, match="one direction"):
        next(values_in_batches(ordered, "pk"))
