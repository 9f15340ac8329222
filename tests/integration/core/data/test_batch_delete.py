"""Large deletions run bottom up, in many small transactions, and go on after an interruption."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from django.db import connection
from django.utils import timezone

from conversations.models import Message
from core.data.batch_delete import BATCH_ROWS, delete_in_batches, deletion_steps
from core.data.deletion_pace import run_in_turn
from locations.models import Account, IdempotentAnswer, Location, Member
from notifications.models import Delivery, Incident, Outage, Webhook
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user, make_webhook

pytestmark = pytest.mark.django_db(transaction=True)
MANY = BATCH_ROWS + 1


def _fill(account: Account, rows: int = MANY) -> None:
    """Give ``account`` a number with ``rows`` messages, and a webhook with as many deliveries."""
    session = make_session(make_location(account))
    webhook = make_webhook(account)
    Message.objects.bulk_create(
        Message(account=account, session=session, direction="in", status="received", text="Hi")
        for _ in range(rows)
    )
    Delivery.objects.bulk_create(
        Delivery(account=account, webhook=webhook, kind="message.received") for _ in range(rows)
    )


def _rows() -> int:
    models = (Account, Location, Session, Message, Webhook, Delivery, Member)
    return sum(model._base_manager.count() for model in models)


def _all_of(account: Account) -> Iterator[int]:
    return deletion_steps(Account.objects.filter(pk=account.pk), in_the_last=(Member,))


def test_it_deletes_bottom_up_in_small_transactions() -> None:
    account = make_account()
    _fill(account)
    left, deleted = _rows(), 0

    for count in _all_of(account):
        assert not connection.in_atomic_block
        assert left - _rows() <= BATCH_ROWS
        left, deleted = _rows(), deleted + count

    assert (left, deleted) == (0, 1)


def test_it_goes_on_where_a_killed_one_stopped() -> None:
    account = make_account()
    _fill(account)
    before = _rows()

    list(islice(_all_of(account), 2))
    assert 0 < _rows() < before
    assert Account.objects.filter(pk=account.pk).exists()

    assert delete_in_batches(Account.objects.filter(pk=account.pk)) == 1
    assert _rows() == 0


def test_it_keeps_the_members_until_the_last_step() -> None:
    account = make_account()
    make_user("alice", account)
    _fill(account)

    for count in _all_of(account):
        assert Member.objects.filter(account=account.pk).exists() is (count == 0)

    assert not Member.objects.exists()


def test_it_leaves_the_rows_of_others_alone() -> None:
    mine, other = make_account("Mine"), make_account("Other")
    for account in (mine, other):
        _fill(account, 3)

    delete_in_batches(Account.objects.filter(pk=mine.pk))

    assert set(Message.objects.values_list("account", flat=True)) == {other.pk}
    assert (Message.objects.count(), Delivery.objects.count()) == (3, 3)


def test_it_detaches_rows_that_outlive_the_deleted_one() -> None:
    outage = Outage.objects.create(began_at=timezone.now(), ended_at=timezone.now())
    session = make_session()
    Incident.objects.bulk_create(
        Incident(account=session.account, session=session, outage=outage, ended_at=timezone.now())
        for _ in range(MANY)
    )

    steps = [
        Incident.objects.filter(outage=None).count()
        for _ in deletion_steps(Outage.objects.filter(pk=outage.pk))
    ]

    assert steps == [BATCH_ROWS, MANY, MANY]
    assert not Outage.objects.exists()


def _answers(account: Account, count: int) -> Iterator[int]:
    IdempotentAnswer.objects.bulk_create(
        IdempotentAnswer(account=account, key=str(number), request_hash="0")
        for number in range(count)
    )
    return deletion_steps(IdempotentAnswer.objects.filter(account=account))


def test_it_does_not_delay_small_deletions() -> None:
    ended: list[str] = []

    def noted(name: str, steps: Iterator[int]) -> Iterator[int]:
        yield from steps
        ended.append(name)

    large, small = make_account("Large"), make_account("Small")
    deletions = {
        "large": noted("large", _answers(large, 3 * BATCH_ROWS)),
        "small": noted("small", _answers(small, 1)),
    }

    assert run_in_turn(deletions) == 3 * BATCH_ROWS + 1
    assert ended == ["small", "large"]


def test_it_deletes_nothing_without_time() -> None:
    steps = _answers(make_account(), 3)

    assert run_in_turn({"all": steps}, seconds=0) == 0
    assert IdempotentAnswer.objects.count() == 3
