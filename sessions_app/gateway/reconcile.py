"""Derives the next step of a session from its row. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from sessions_app.gateway.ports import SessionState
from sessions_app.lifecycle import Reason, Status, Wanted

ATTEMPT_BUDGET = timedelta(seconds=160)  # WhatsApp's own: one code of 60 s and five of 20 s


class NextStep(Enum):
    """The next step for a session that was just claimed, or whose row was read again."""

    PAIR = auto()  # show a new QR
    RECONNECT = auto()  # connect with the stored keys
    WAIT = auto()  # a retry is due later
    EXPIRE = auto()  # the attempt ran out while no gateway ran it
    SUSPEND = auto()  # disconnect while the account is suspended, keep the keys
    RESUME = auto()  # the account is active again: connect with the stored keys
    STOP = auto()  # disconnect, keep the keys
    UNLINK = auto()  # remove the device at WhatsApp, delete the keys
    REST = auto()  # wait for the customer


def next_step(state: SessionState, now: datetime) -> NextStep:
    """Return the step that ``state`` requires at ``now``."""
    if state.wanted is Wanted.UNLINKED:
        return NextStep.REST if state.reason is Reason.UNLINKED else NextStep.UNLINK
    if state.wanted is Wanted.STOPPED:
        return NextStep.REST if state.reason is Reason.USER_DISCONNECT else NextStep.STOP
    if state.suspended:
        return NextStep.REST if _rests_without_us(state) else NextStep.SUSPEND
    if state.reason is Reason.SUSPENDED_BILLING:
        return NextStep.RESUME if state.jid else _pair_while_awaited(state, now)
    if state.attempt < state.wanted_attempt:
        return NextStep.RECONNECT if state.jid else NextStep.PAIR
    return _resume(state, now)


def _rests_without_us(state: SessionState) -> bool:
    """Suspended already, or down for a reason of its own, which a suspension would hide."""
    if state.reason is Reason.SUSPENDED_BILLING:
        return True
    down = state.status is Status.DISCONNECTED and state.next_retry_at is None
    return down and state.attempt >= state.wanted_attempt


def _resume(state: SessionState, now: datetime) -> NextStep:
    if state.next_retry_at is not None and state.next_retry_at > now:
        return NextStep.WAIT
    if state.status is Status.DISCONNECTED and state.next_retry_at is None:
        return NextStep.REST
    if state.jid:
        return NextStep.RECONNECT
    return _pair_while_awaited(state, now)


def _pair_while_awaited(state: SessionState, now: datetime) -> NextStep:
    """The last code is lost, so show a new one, but only while the customer may be waiting."""
    return NextStep.PAIR if now - state.wanted_at < ATTEMPT_BUDGET else NextStep.EXPIRE


def wish_of(state: SessionState) -> tuple[Wanted, int, bool]:
    """Return what the customer wants. It differs after each wish, even a repeated one."""
    return state.wanted, state.wanted_attempt, state.suspended


def is_wish(state: SessionState) -> bool:
    """Return whether the customer wants something that has not been started, or the account is
    suspended."""
    wish = state.wanted is not Wanted.LINKED or state.attempt < state.wanted_attempt
    return wish or state.suspended
