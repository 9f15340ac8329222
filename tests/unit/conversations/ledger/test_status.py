from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

import pytest

from conversations.ledger.status import FORWARD, advance, may_follow
from conversations.models import Message, MessageStatus

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
Status = MessageStatus


def test_it_covers_every_status() -> None:
    assert set(FORWARD) == set(Status)


def test_it_requeues_only_texts_that_did_not_leave() -> None:
    assert [old for old in Status if may_follow(old, Status.QUEUED)] == [Status.SENDING]


@pytest.mark.parametrize("end", [Status.READ, Status.FAILED, Status.RECEIVED])
def test_it_allows_no_step_after_an_end(end: Status) -> None:
    assert not any(may_follow(end, new) for new in Status)


def test_it_advances_receipts_one_way() -> None:
    road = [Status.SENDING, Status.UNCONFIRMED, Status.SENT, Status.DELIVERED, Status.READ]

    assert all(may_follow(old, new) for old, new in pairwise(road))
    assert not any(may_follow(new, old) for old, new in pairwise(road))


@pytest.mark.parametrize("order", list(permutations([Status.SENT, Status.DELIVERED, Status.READ])))
def test_it_ends_the_same_in_any_order(order: tuple[Status, ...]) -> None:
    message = Message(status=Status.SENDING)
    at = {
        status: NOON + timedelta(seconds=n)
        for n, status in enumerate([Status.SENT, Status.DELIVERED, Status.READ])
    }

    for status in order:
        advance(message, status, at[status])

    assert message.status == Status.READ
    assert (message.sent_at, message.delivered_at, message.read_at) == tuple(at.values())
