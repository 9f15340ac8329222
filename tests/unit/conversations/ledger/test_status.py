from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

import pytest

from conversations.ledger.status import FORWARD, advance, may_follow
from conversations.models import Message, MessageStatus

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
Status = MessageStatus


def test_the_table_is_total() -> None:
    assert set(FORWARD) == set(Status)


def test_only_a_text_that_surely_did_not_leave_waits_again() -> None:
    assert [old for old in Status if may_follow(old, Status.QUEUED)] == [Status.SENDING]


@pytest.mark.parametrize("end", [Status.READ, Status.FAILED, Status.RECEIVED])
def test_nothing_follows_an_end(end: Status) -> None:
    assert not any(may_follow(end, new) for new in Status)


def test_receipts_lead_one_way() -> None:
    road = [Status.SENDING, Status.UNCONFIRMED, Status.SENT, Status.DELIVERED, Status.READ]

    assert all(may_follow(old, new) for old, new in pairwise(road))
    assert not any(may_follow(new, old) for old, new in pairwise(road))


@pytest.mark.parametrize("order", list(permutations([Status.SENT, Status.DELIVERED, Status.READ])))
def test_any_order_of_results_ends_the_same(order: tuple[Status, ...]) -> None:
    message = Message(status=Status.SENDING)
    at = {
        status: NOON + timedelta(seconds=n)
        for n, status in enumerate([Status.SENT, Status.DELIVERED, Status.READ])
    }

    for status in order:
        advance(message, status, at[status])

    assert message.status == Status.READ
    assert (message.sent_at, message.delivered_at, message.read_at) == tuple(at.values())
