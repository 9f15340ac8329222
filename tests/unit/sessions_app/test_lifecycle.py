"""The status table is total, and the usual path leads where the design says."""

from __future__ import annotations

import pytest

from sessions_app.lifecycle import TRANSITIONS, Event, Reason, Status, Transition, next_transition
from sessions_app.wording import REASONS, STATUS_LABELS, label


def test_it_covers_every_status_and_event() -> None:
    assert set(TRANSITIONS) == set(Status)
    for row in TRANSITIONS.values():
        assert set(row) == set(Event)


def test_it_has_one_wording_for_every_reason_and_status() -> None:
    assert set(REASONS) == set(Reason)
    assert set(STATUS_LABELS) == set(Status)


def test_it_reaches_every_reason_that_is_stored() -> None:
    reached = {
        outcome.reason for row in TRANSITIONS.values() for outcome in row.values() if outcome
    }

    assert set(Reason) - reached == {Reason.GATEWAY_OFFLINE}


@pytest.mark.parametrize(
    ("status", "event", "expected"),
    [
        (Status.INITIALIZING, Event.QR_CODE, Transition(Status.QR, Reason.SCAN)),
        (Status.QR, Event.QR_CODE, Transition(Status.QR, Reason.SCAN)),
        (Status.QR, Event.QR_EXPIRED, Transition(Status.DISCONNECTED, Reason.QR_EXPIRED)),
        (Status.QR, Event.PAIR_SUCCESS, Transition(Status.INITIALIZING, Reason.PAIRING)),
        (Status.INITIALIZING, Event.CONNECTED, Transition(Status.READY, Reason.OK)),
        (Status.READY, Event.DROPPED, Transition(Status.INITIALIZING, Reason.RECONNECTING)),
        (
            Status.INITIALIZING,
            Event.STUCK_NO_QR,
            Transition(Status.DISCONNECTED, Reason.STUCK_NO_QR),
        ),
    ],
)
def test_it_follows_the_usual_path(status: Status, event: Event, expected: Transition) -> None:
    assert next_transition(status, event) == expected


@pytest.mark.parametrize("status", list(Status))
def test_it_is_disconnected_when_the_phone_unlinks(status: Status) -> None:
    outcome = next_transition(status, Event.LOGGED_OUT)

    assert outcome == Transition(Status.DISCONNECTED, Reason.LOGGED_OUT)


def test_it_shows_no_code_in_a_stopped_session() -> None:
    assert next_transition(Status.DISCONNECTED, Event.QR_CODE) is None


def test_it_words_a_reconnect_and_a_first_start_differently() -> None:
    assert label(Status.INITIALIZING, Reason.RECONNECTING) == "Reconnecting"
    assert label(Status.INITIALIZING, Reason.STARTING) == "Preparing"
