"""Engines fill up, wear out and are replaced, with little effect on their sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.product import Product, Simulator, wait_for


@pytest.fixture
def small(tmp_path: Path, shared_simulator: Simulator) -> Iterator[Product]:
    """Two sessions per engine."""
    running = Product(tmp_path, shared_simulator, GATEWAY_ENGINE_CAPACITY="2").start()
    yield running
    running.close()


@pytest.fixture
def short_lived(tmp_path: Path, shared_simulator: Simulator) -> Iterator[Product]:
    """Two restarts per engine."""
    running = Product(tmp_path, shared_simulator, GATEWAY_ENGINE_MAX_STARTS="2").start()
    yield running
    running.close()


def test_it_starts_another_engine_when_one_is_full(small: Product) -> None:
    sessions = [small.link()[0] for _ in range(3)]

    assert len(small.engine_pids("running")) == 2
    assert {small.snapshot(session)["status"] for session in sessions} == {"ready"}


def test_it_moves_sessions_from_a_worn_out_engine(
    short_lived: Product, simulator: Simulator
) -> None:
    sessions = [short_lived.link()[0] for _ in range(2)]
    (worn_out,) = short_lived.engine_pids("running")

    for _ in range(2):
        short_lived.api("POST", f"sessions/{sessions[0]}/stop/")
        short_lived.until(sessions[0], status="disconnected")
        short_lived.api("POST", f"sessions/{sessions[0]}/restart/")
        short_lived.until(sessions[0], status="ready")

    wait_for(lambda: worn_out not in short_lived.engine_pids(), "the old engine's end")
    friend = simulator.new_phone()
    for session in sessions:
        short_lived.until(session, status="ready")
        short_lived.send(session, friend, f"from {session}")
    wait_for(lambda: len(simulator.messages(friend)) == 2, "a text from each session")
    assert len(short_lived.engine_pids("running")) == 1
