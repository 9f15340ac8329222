"""What an engine's answer that is no code means for the operator, and what he does about it."""

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
def test_each_cause_has_its_next_step(code: StartFailure, step: str) -> None:
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
def test_each_answer_is_told_in_words(event: ClientEvent, words: str) -> None:
    found = failure(event, SETTINGS)
    assert words in found.cause and found.next_step


def test_a_simulated_network_leads_to_the_simulator() -> None:
    simulated = GatewaySettings(data_dir=Path("/data"), simulator=Path("/state.json"))
    assert failure(StartFailed(StartFailure.DIAL, ""), simulated).next_step == advice.SIMULATOR


def test_a_code_is_counted_and_never_part_of_a_report() -> None:
    success = Success("2@secret", 0.1, 0.2)
    assert success.characters == 8
    assert "secret" not in repr(success)
