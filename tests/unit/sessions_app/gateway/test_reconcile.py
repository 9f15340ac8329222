"""The next step that a row asks for, and the order of starts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sessions_app.gateway.reconcile import NextStep, is_wish, next_step
from sessions_app.gateway.start_queue import StartQueue, spread
from sessions_app.lifecycle import Reason, Status, Wanted
from tests.unit.sessions_app.gateway.situations import NOW, make_state

PAUSED = {"status": Status.DISCONNECTED, "reason": Reason.SUSPENDED_BILLING}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"attempt": 0, "jid": "", "status": Status.INITIALIZING}, NextStep.PAIR),
        ({"attempt": 1, "wanted_attempt": 2}, NextStep.RECONNECT),
        ({}, NextStep.RECONNECT),
        ({"status": Status.QR, "jid": ""}, NextStep.PAIR),
        (
            {"status": Status.QR, "jid": "", "wanted_at": NOW - timedelta(minutes=3)},
            NextStep.EXPIRE,
        ),
        ({"status": Status.DISCONNECTED}, NextStep.REST),
        (
            {"status": Status.DISCONNECTED, "next_retry_at": NOW + timedelta(seconds=9)},
            NextStep.WAIT,
        ),
        (
            {"status": Status.DISCONNECTED, "next_retry_at": NOW - timedelta(seconds=9)},
            NextStep.RECONNECT,
        ),
        ({"suspended": True}, NextStep.SUSPEND),
        ({"suspended": True, "status": Status.QR, "jid": ""}, NextStep.SUSPEND),
        ({"suspended": True, "status": Status.DISCONNECTED, "wanted_attempt": 2}, NextStep.SUSPEND),
        (
            {"suspended": True, "status": Status.DISCONNECTED, "next_retry_at": NOW},
            NextStep.SUSPEND,
        ),
        ({"suspended": True, "status": Status.DISCONNECTED}, NextStep.REST),
        ({"suspended": True, **PAUSED}, NextStep.REST),
        ({"suspended": True, **PAUSED, "wanted_attempt": 2}, NextStep.REST),
        ({"suspended": True, **PAUSED, "wanted": Wanted.UNLINKED}, NextStep.UNLINK),
        ({"suspended": True, "wanted": Wanted.STOPPED}, NextStep.STOP),
        (PAUSED, NextStep.RESUME),
        ({**PAUSED, "jid": ""}, NextStep.PAIR),
        ({**PAUSED, "jid": "", "wanted_at": NOW - timedelta(minutes=3)}, NextStep.EXPIRE),
        ({"wanted": Wanted.STOPPED}, NextStep.STOP),
        ({"wanted": Wanted.STOPPED, "reason": Reason.USER_DISCONNECT}, NextStep.REST),
        ({"wanted": Wanted.UNLINKED}, NextStep.UNLINK),
        ({"wanted": Wanted.UNLINKED, "reason": Reason.UNLINKED}, NextStep.REST),
    ],
)
def test_it_derives_the_next_step_from_the_row(columns: dict[str, Any], expected: NextStep) -> None:
    assert next_step(make_state(**columns), NOW) is expected


def test_it_knows_a_wish_from_amake_state() -> None:
    assert is_wish(make_state(wanted_attempt=2))
    assert is_wish(make_state(wanted=Wanted.STOPPED))
    assert is_wish(make_state(suspended=True))
    assert not is_wish(make_state())


def test_it_spreads_only_a_mass_restore() -> None:
    few = [spread(n, 10, lambda: 0.5) for n in range(10)]
    many = [spread(n, 1000, lambda: 0.5) for n in range(1000)]

    assert set(few) == {0.0}
    assert many == sorted(many)
    assert 4 < many[-1] <= 10


async def test_it_does_not_wait_for_a_stuck_start() -> None:
    queue = StartQueue(1, hold_seconds=0.01)
    await queue.enter()  # a start that never answers

    leave = await asyncio.wait_for(queue.enter(), 30)
    leave()
    leave()

    assert callable(await asyncio.wait_for(queue.enter(), 30))
