"""The rules for SMTP replies, retries and the circuit breaker."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.mail.circuit_breaker import PAUSES, PUT_OFF_IN_A_ROW, Circuit
from notifications.mail.retry import (
    GIVE_UP_AFTER,
    WAITS,
    SendOutcome,
    Stage,
    outcome_of,
    wait_before_next,
)

SENDER, RECIPIENT, CONTENT = Stage.SENDER, Stage.RECIPIENT, Stage.CONTENT
ROWS = [
    # 4xx: later; 421: the server itself
    (RECIPIENT, 450, "4.2.1 Greylisted", SendOutcome.LATER),
    (RECIPIENT, 451, "4.7.1 Try again", SendOutcome.LATER),
    (RECIPIENT, 452, "4.2.2 Mailbox full", SendOutcome.LATER),
    (CONTENT, 451, "4.3.0 Failure", SendOutcome.LATER),
    (RECIPIENT, 421, "4.3.2 Closing", SendOutcome.SERVER),
    (CONTENT, 421, "4.7.0 Too many", SendOutcome.SERVER),
    # the mailbox does not exist
    (RECIPIENT, 550, "5.1.1 User unknown", SendOutcome.NO_MAILBOX),
    (RECIPIENT, 550, "No such user here", SendOutcome.NO_MAILBOX),
    (RECIPIENT, 551, "User not local", SendOutcome.NO_MAILBOX),
    (RECIPIENT, 553, "5.1.3 Bad address syntax", SendOutcome.NO_MAILBOX),
    (RECIPIENT, 554, "5.1.1 Unknown", SendOutcome.NO_MAILBOX),
    (RECIPIENT, 550, "5.2.1 Switched off", SendOutcome.NO_MAILBOX),
    (RECIPIENT, 550, "5.4.1 Access denied", SendOutcome.NO_MAILBOX),
    (RECIPIENT, 550, "5.0.0 Unknown", SendOutcome.NO_MAILBOX),
    (CONTENT, 550, "5.1.1 User unknown", SendOutcome.NO_MAILBOX),
    # refused, without suppressing the address
    (RECIPIENT, 550, "5.7.1 Policy", SendOutcome.FAILED),
    (RECIPIENT, 554, "5.7.1 Blocked", SendOutcome.FAILED),
    (RECIPIENT, 554, "Go away", SendOutcome.FAILED),
    (RECIPIENT, 552, "5.2.2 Full", SendOutcome.FAILED),
    (RECIPIENT, 550, "5.1.8 Bad sender's domain", SendOutcome.FAILED),
    (RECIPIENT, 553, "5.1.7 Bad sender", SendOutcome.FAILED),
    (CONTENT, 550, "Looks like spam", SendOutcome.FAILED),
    (CONTENT, 554, "5.6.0 Bad content", SendOutcome.FAILED),
    (SENDER, 552, "5.3.4 Too large", SendOutcome.FAILED),
    # a denied relay, and everything about the sender: not the fault of the recipient
    (RECIPIENT, 550, "Relaying denied", SendOutcome.LATER),
    (RECIPIENT, 554, "5.7.1 Relay access denied", SendOutcome.LATER),
    (SENDER, 550, "5.1.8 Unknown domain", SendOutcome.SERVER),
    (SENDER, 451, "4.3.0 Failure", SendOutcome.SERVER),
    (RECIPIENT, 530, "5.7.0 Sign in first", SendOutcome.SERVER),
    (SENDER, 535, "5.7.8 Bad credentials", SendOutcome.SERVER),
]


@pytest.mark.parametrize(("stage", "code", "text", "outcome"), ROWS)
def test_it_judges_a_reply(stage: Stage, code: int, text: str, outcome: SendOutcome) -> None:
    assert outcome_of(stage, code, text) is outcome


@given(st.sampled_from(Stage), st.integers(400, 599), st.text(max_size=40))
def test_it_judges_every_reply_code(stage: Stage, code: int, text: str) -> None:
    outcome = outcome_of(stage, code, text)

    assert outcome is not SendOutcome.SENT
    assert not (code < 500 and outcome in (SendOutcome.NO_MAILBOX, SendOutcome.FAILED))
    assert not (stage is Stage.SENDER and outcome is SendOutcome.NO_MAILBOX)


def test_it_waits_longer_each_time_up_to_three_days() -> None:
    age, attempts, waits = timedelta(), 1, []
    while (wait := wait_before_next(attempts, age, 0.0)) is not None:
        waits.append(wait)
        age += wait
        attempts += 1

    assert waits[:6] == [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360)]
    assert all(a <= b for a, b in pairwise(waits))
    assert GIVE_UP_AFTER - WAITS[-1] < age <= GIVE_UP_AFTER


@given(st.integers(1, 100), st.floats(0, 1))
def test_it_adds_at_most_a_tenth_of_jitter(attempts: int, chance: float) -> None:
    plain, drawn = (wait_before_next(attempts, timedelta(), c) for c in (0.0, chance))

    assert plain is not None
    assert drawn is not None
    assert plain <= drawn <= plain * 1.1


def test_it_lets_one_mail_probe_after_each_pause() -> None:
    circuit, now = Circuit(), 0.0
    assert circuit.places(now, free=4, busy=0) == 4

    for pause in (*PAUSES, PAUSES[-1]):
        circuit.broke(now)
        circuit.broke(now)  # the other connections fail, too
        assert circuit.places(now + pause - 0.1, 4, 0) == 0
        now += pause
        assert circuit.places(now, 4, 0) == 1
        assert circuit.places(now, 3, 1) == 0

    circuit.answered()
    assert circuit.whole
    assert circuit.places(now, 4, 0) == 4


def test_it_breaks_after_many_deferrals_in_a_row() -> None:
    circuit = Circuit()

    for _ in range(PUT_OFF_IN_A_ROW - 1):
        circuit.put_off(0.0)
    assert circuit.whole
    circuit.put_off(0.0)

    assert circuit.places(PAUSES[0] - 0.1, 4, 0) == 0


def test_it_stays_closed_after_a_reply_in_between() -> None:
    circuit = Circuit()

    for _ in range(3 * PUT_OFF_IN_A_ROW):
        circuit.put_off(0.0)
        circuit.answered()

    assert circuit.whole


def test_it_stays_open_after_a_deferred_probe() -> None:
    circuit = Circuit()
    circuit.broke(0.0)

    circuit.put_off(PAUSES[0])

    assert not circuit.whole
    assert circuit.places(PAUSES[0] + PAUSES[1] - 0.1, 4, 0) == 0
