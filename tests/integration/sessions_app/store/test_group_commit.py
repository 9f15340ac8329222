"""Simultaneous changes of many sessions are written together, each with its own result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.utils import timezone

from core.data.errors import DatabaseUnavailable as Away
from sessions_app.gateway.ports import (
    Change,
    LeaseLost,
    LinkedDevice,
    NumberTaken,
    PairingQr,
    SessionState,
)
from sessions_app.lifecycle import Event, Status
from sessions_app.models import Session
from sessions_app.signals import sessions_written
from sessions_app.store.group_commit import MOST_TOGETHER, GroupCommit
from sessions_app.store.transitions import ChangeRequest, Written
from tests.factory import make_account, make_location, make_session
from tests.integration.transactions import TRANSACTIONS

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = "test"  # the factory's sessions are leased to it at epoch 1
DROPPED = Change(Event.DROPPED)
Result = SessionState | BaseException


class Counted:
    """Runs real transactions and counts them."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, function: Callable[[], Any]) -> Any:
        self.count += 1
        return await TRANSACTIONS.run(function)


def _sessions(count: int, status: Status = Status.READY) -> list[Session]:
    account = make_account()
    places = [make_location(account, f"Place {number}") for number in range(count)]
    return [make_session(place, status) for place in places]


def _asked(session: Session, change: Change = DROPPED, epoch: int = 1) -> ChangeRequest:
    return ChangeRequest(session.pk, epoch, change)


def _write(run: Any, asked: list[ChangeRequest]) -> list[Result]:
    """Write these at the same time and return their results."""

    async def all_at_once() -> list[Result]:
        changes = GroupCommit(run, OWNER)
        return await asyncio.gather(*map(changes.apply, asked), return_exceptions=True)

    return asyncio.run(all_at_once())


def test_it_writes_simultaneous_changes_in_few_transactions() -> None:
    run, sessions = Counted(), _sessions(MOST_TOGETHER + 10)

    results = _write(run, [_asked(session) for session in sessions])

    assert run.count == 2
    assert [getattr(r, "id", None) for r in results] == [session.pk for session in sessions]
    for session in sessions:
        session.refresh_from_db()
        assert (session.status, session.version) == (Status.INITIALIZING, 2)
        assert [event.account_id for event in session.events.all()] == [session.account_id]


def test_it_writes_the_others_when_one_is_refused() -> None:
    taken, wants_it, other = _sessions(3)
    Session.objects.filter(pk=wants_it.pk).update(status=Status.INITIALIZING, phone_number="")
    linked = Change(
        Event.CONNECTED, device=LinkedDevice("351:2@s.whatsapp.net", taken.phone_number)
    )

    results = _write(Counted(), [_asked(wants_it, linked), _asked(other), _asked(taken, epoch=7)])

    assert [type(result) for result in results] == [NumberTaken, SessionState, LeaseLost]
    other.refresh_from_db()
    assert (other.status, other.version) == (Status.INITIALIZING, 2)
    for session in (wants_it, taken):
        session.refresh_from_db()
        assert session.version == 1
        assert not session.events.exists()


@pytest.mark.parametrize("bad", [2**80, "many"], ids=["too large", "no number"])
def test_it_writes_other_changes_beside_an_invalid_value(bad: Any) -> None:
    first, odd, last = _sessions(3, Status.INITIALIZING)
    qr = PairingQr("2@code", bad, 6, timezone.now())

    results = _write(
        Counted(), [_asked(first), _asked(odd, Change(Event.QR_CODE, qr=qr)), _asked(last)]
    )

    assert isinstance(results[1], Exception) and not isinstance(results[1], Away)
    for session, result, version in zip((first, odd, last), results, (2, 1, 2), strict=True):
        session.refresh_from_db()
        assert session.version == version
        assert isinstance(result, SessionState) is (version == 2)


def test_it_writes_other_changes_beside_a_failing_receiver() -> None:
    first, odd, last = _sessions(3)

    def fail(sender: object, changes: Sequence[Written], **kwargs: object) -> None:
        if odd.pk in {one.session.pk for one in changes}:
            raise KeyError("a bug in a receiver")

    sessions_written.connect(fail)
    try:
        results = _write(Counted(), [_asked(first), _asked(odd), _asked(last)])
    finally:
        sessions_written.disconnect(fail)

    assert [type(result) for result in results] == [SessionState, KeyError, SessionState]
    odd.refresh_from_db()
    assert (odd.status, odd.version) == (Status.READY, 1)


def test_it_writes_two_changes_of_one_session_in_order() -> None:
    (session,) = _sessions(1)
    back = Change(Event.CONNECTED)

    first, second = _write(Counted(), [_asked(session), _asked(session, back)])

    assert isinstance(first, SessionState) and isinstance(second, SessionState)
    assert (first.status, second.status) == (Status.INITIALIZING, Status.READY)
    assert (first.version, second.version) == (2, 3)


def test_it_fails_all_changes_while_the_database_is_away() -> None:
    sessions = _sessions(3)

    async def away(function: Callable[[], Any]) -> Any:
        raise Away("no answer")

    results = _write(away, [_asked(session) for session in sessions])

    assert [type(result) for result in results] == [Away] * 3
    again = _write(Counted(), [_asked(session) for session in sessions])
    assert all(isinstance(result, SessionState) for result in again)


def test_it_does_not_write_a_cancelled_change() -> None:
    busy, gone = _sessions(2)

    async def leave() -> None:
        changes = GroupCommit(Counted(), OWNER)
        first = asyncio.create_task(changes.apply(_asked(busy)))
        await asyncio.sleep(0)  # it is queued
        await asyncio.sleep(0)  # and its transaction has started
        late = asyncio.create_task(changes.apply(_asked(gone)))
        await asyncio.sleep(0)
        late.cancel()
        assert (await first).version == 2
        with pytest.raises(asyncio.CancelledError):
            await late

    asyncio.run(leave())
    gone.refresh_from_db()
    assert gone.version == 1
