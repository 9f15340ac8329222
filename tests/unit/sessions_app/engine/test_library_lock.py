"""Who may start or stop a client, and when."""

from __future__ import annotations

import threading

from sessions_app.engine.threads import Turns

PATIENCE = 5.0


def taken(turns: Turns) -> tuple[threading.Thread, threading.Event]:
    """Somebody who waits for the turn, on a thread."""
    got = threading.Event()

    def wait() -> None:
        turns.take()
        got.set()

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    return waiter, got


def test_it_gives_the_turn_to_one_at_a_time() -> None:
    turns = Turns(bound=60)
    first = turns.take()
    _, got = taken(turns)
    assert not got.wait(0.05)
    first.end()
    assert got.wait(PATIENCE)


def test_it_takes_the_turn_from_a_stuck_holder_after_the_bound() -> None:
    turns = Turns(bound=0.1)
    turns.take()
    _, got = taken(turns)
    assert got.wait(PATIENCE)


def test_it_ignores_the_end_of_a_turn_that_was_taken_away() -> None:
    now = [0.0]
    turns = Turns(bound=60, clock=lambda: now[0])
    stuck = turns.take()
    now[0] = 61
    turns.take()
    stuck.end()
    _, third = taken(turns)
    assert not third.wait(0.05)


def test_it_ends_a_turn_twice_without_harm() -> None:
    turns = Turns()
    with turns.take() as turn:
        turn.end()
        with turns.take():
            turn.end()
