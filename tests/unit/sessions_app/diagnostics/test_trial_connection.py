"""Failures of a trial connection: the cause and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions_app.diagnostics import advice
from sessions_app.diagnostics.trial_connection import Success, failure
from sessions_app.engine.engine_events import (
    ClientOutdated,
    ConnectFailure,
    QrTimeout,
    StartFailed,
)
from sessions_app.engine.protocol import StartFailure
from sessions_app.gateway.decisions.actor_events import ClientEvent, EngineEnded
from sessions_app.gateway.settings import GatewaySettings

SETTINGS = GatewaySettings(data_dir=Path("/data"))
FOLDER = Path("/data/whatsapp")


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (StartFailure.DIAL, advice.NETWORK),
        (StartFailure.CLOCK, advice.CLOCK),
        (StartFailure.STORAGE_FULL, advice.free_space(FOLDER)),
        (StartFailure.KEYS_DAMAGED, advice.writable(FOLDER)),
        (StartFailure.KEYS_MISSING, advice.LOOK),
        (StartFailure.OTHER, advice.LOOK),
    ],
)
def test_it_has_a_next_step_for_each_cause(code: StartFailure, step: str) -> None:
    found = failure(StartFailed(code, "It failed so."), SETTINGS)
    assert (found.cause, found.next_step) == ("It failed so.", step)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ClientOutdated(), "no longer accepts this version"),
        (
            ConnectFailure("503"),
            "refused the connection (code 503)",
        ),
        (QrTimeout(), "closed the connection before it sent a code"),
        (EngineEnded(), "ended unexpectedly"),
        (StartFailed(StartFailure.DIAL, ""), "The connection failed."),
    ],
)
def test_it_describes_each_answer(event: ClientEvent, words: str) -> None:
    found = failure(event, SETTINGS)
    assert words in found.cause and found.next_step


def test_it_points_to_the_simulator_if_there_is_one() -> None:
    simulated = GatewaySettings(data_dir=Path("/data"), simulator=Path("/state.json"))
    assert failure(StartFailed(StartFailure.DIAL, ""), simulated).next_step == advice.SIMULATOR


def test_it_never_reports_the_code_itself() -> None:
    success = Success("2@secret", 0.1, 0.2)
    assert success.characters == 8
    assert "secret" not in repr(success)
