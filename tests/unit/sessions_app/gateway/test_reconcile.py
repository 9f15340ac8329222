"""The gateway's pure decisions: what to do next, how long to wait, what an event means."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app.engine.protocol import ProtocolError
from sessions_app.gateway import backoff, event_mapping
from sessions_app.gateway.ports import SessionState
from sessions_app.gateway.reconcile import NextStep, is_wish, next_step
from sessions_app.gateway.start_queue import StartQueue, spread
from sessions_app.lifecycle import Event, Reason, Status, Wanted

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PAUSED = {"status": Status.DISCONNECTED, "reason": Reason.SUSPENDED_BILLING}


def _state(**columns: Any) -> SessionState:
    return SessionState(
        **{
            "id": uuid.UUID(int=1),
            "account_id": uuid.UUID(int=2),
            "location_id": uuid.UUID(int=3),
            "wanted": Wanted.LINKED,
            "wanted_attempt": 1,
            "wanted_at": NOW,
            "wanted_by": "alice@example.com",
            "wanted_pairing_phone": "",
            "attempt": 1,
            "status": Status.READY,
            "reason": Reason.OK,
            "since": NOW,
            "version": 5,
            "jid": "351911111111:1@s.whatsapp.net",
            "lease_epoch": 1,
            "next_retry_at": None,
            **columns,
        }
    )


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
def test_it_plans_the_next_step_from_the_row(columns: dict[str, Any], expected: NextStep) -> None:
    assert next_step(_state(**columns), NOW) is expected


def test_it_knows_a_wish_from_a_state() -> None:
    assert is_wish(_state(wanted_attempt=2))
    assert is_wish(_state(wanted=Wanted.STOPPED))
    assert is_wish(_state(suspended=True))
    assert not is_wish(_state())


def test_it_backs_off_from_five_seconds_to_five_minutes() -> None:
    whole = list(itertools.islice(backoff.delays(lambda: 0.0), 8))
    halved = list(itertools.islice(backoff.delays(lambda: 0.999999), 8))

    assert whole == [5, 10, 20, 40, 80, 160, 300, 300]
    assert all(low > high / 2 * 0.99 for low, high in zip(halved, whole, strict=True))


def test_it_stops_repeating_a_refusal_after_three_tries() -> None:
    minutes = [delay.total_seconds() / 60 for delay in backoff.refusal_delays()]

    assert minutes == [1, 5, 15]


def test_it_spreads_a_mass_restore_and_never_a_few() -> None:
    few = [spread(n, 10, lambda: 0.5) for n in range(10)]
    many = [spread(n, 1000, lambda: 0.5) for n in range(1000)]

    assert set(few) == {0.0}
    assert many == sorted(many)
    assert 4 < many[-1] <= 10


async def test_it_lets_nobody_wait_behind_a_stuck_start() -> None:
    queue = StartQueue(1, hold_seconds=0.01)
    await queue.enter()  # a start that never answers

    leave = await asyncio.wait_for(queue.enter(), 30)
    leave()
    leave()

    assert callable(await asyncio.wait_for(queue.enter(), 30))


@pytest.mark.parametrize(
    ("count", "event"),
    [(1, Event.KEEPALIVE_SLOW), (2, Event.KEEPALIVE_SLOW), (3, Event.KEEPALIVE_LOST)],
)
def test_it_calls_a_link_lost_at_the_third_silence(count: int, event: Event) -> None:
    assert event_mapping.keepalive({"type": "event", "count": count}) is event


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("dial", Event.CONNECT_FAILED),
        ("clock", Event.CLOCK_WRONG),
        ("keys_missing", Event.KEYS_MISSING),
        ("keys_damaged", Event.KEYS_DAMAGED),
        ("storage_full", Event.STORAGE_FULL),
        ("something new", Event.CONNECT_FAILED),
    ],
)
def test_it_gives_each_failed_start_its_own_event(code: str, event: Event) -> None:
    assert event_mapping.start_failure({"type": "event", "code": code}) is event


def test_it_comes_back_a_little_after_a_ban_ends() -> None:
    change = event_mapping.temp_ban({"type": "event", "detail": "101", "seconds": 3600}, NOW)

    assert change.columns["next_retry_at"] == NOW + timedelta(seconds=3660)


def test_it_keeps_showing_the_typed_code_when_the_qr_rotates() -> None:
    message = {"type": "event", "text": "x", "number": 2, "of": 6, "expires_at": 1.0}

    assert event_mapping.qr_change(message, "").event is Event.QR_CODE
    assert event_mapping.qr_change(message, "ABCD-EFGH").event is Event.PAIR_CODE


def test_it_refuses_an_event_without_its_fields() -> None:
    with pytest.raises(ProtocolError):
        event_mapping.qr_change({"type": "event", "text": "x"}, "")


@pytest.mark.parametrize(
    ("phone_at", "known", "seen"),
    [
        (NOW - timedelta(minutes=5), None, NOW - timedelta(minutes=5)),
        (NOW, NOW - timedelta(hours=1), NOW),
        (NOW, NOW - timedelta(minutes=59), None),
        (NOW - timedelta(days=2), NOW - timedelta(days=1), None),
        (NOW + timedelta(days=9), None, NOW),
    ],
    ids=["first", "an hour later", "too soon", "told late", "a clock that is ahead"],
)
def test_it_notes_the_phone_hourly_and_never_backwards(
    phone_at: datetime, known: datetime | None, seen: datetime | None
) -> None:
    message = {"type": "event", "phone_at": phone_at.timestamp()}
    assert event_mapping.phone_seen(message, known, NOW) == seen


def test_it_sees_no_phone_in_what_others_do() -> None:
    assert event_mapping.phone_seen({"type": "event"}, None, NOW) is None


@pytest.mark.parametrize("phone_at", [None, "today", -1, float("nan"), [1]])
def test_it_refuses_a_moment_of_the_phone_that_is_none(phone_at: Any) -> None:
    with pytest.raises(ProtocolError):
        event_mapping.phone_seen({"type": "event", "phone_at": phone_at}, None, NOW)
