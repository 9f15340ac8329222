"""Connections that are silent for too long are probed, and replaced if WhatsApp does not answer."""

from __future__ import annotations

import pytest

from sessions_app.engine.protocol import Command
from sessions_app.gateway.remote_client import PROOF_SECONDS
from sessions_app.gateway.supervisor import PROOF_MAX_AGE
from sessions_app.lifecycle import Event
from sessions_app.models import Session
from tests.integration.sessions_app.gateway.scripted_engine import ScriptedEngine
from tests.integration.sessions_app.gateway.stage import Stage

SILENCE_SECONDS = PROOF_MAX_AGE.total_seconds() + 1


async def _probed(stage: Stage, engine: ScriptedEngine) -> None:
    await stage.skip(SILENCE_SECONDS)
    await stage.until(lambda: engine.counts[Command.PROOF] >= 1)


async def test_it_probes_a_connection_that_is_silent(stage: Stage) -> None:
    engine = await stage.connected()
    before = (await stage.row()).last_proof_at
    assert before is not None
    await stage.skip(PROOF_MAX_AGE.total_seconds() - 10)
    assert engine.counts[Command.PROOF] == 0

    await stage.skip(11)
    await stage.until_row(
        lambda: Session.objects.filter(last_proof_at__gt=before + PROOF_MAX_AGE).exists()
    )

    assert engine.counts[Command.PROOF] == 1
    assert await stage.events() == [Event.RECONNECT, Event.CONNECTED]


async def test_it_probes_again_after_the_next_silence(stage: Stage) -> None:
    engine = await stage.connected()
    await _probed(stage, engine)

    await stage.skip(SILENCE_SECONDS)
    await stage.until(lambda: engine.counts[Command.PROOF] == 2)


@pytest.mark.parametrize("silent", [True, False], ids=["unanswered", "refused"])
async def test_it_replaces_a_client_whose_probe_fails(stage: Stage, silent: bool) -> None:
    engine = await stage.connected()
    if silent:
        engine.mute.add(Command.PROOF)
    else:
        engine.refusals[Command.PROOF] = "not_connected"

    await _probed(stage, engine)
    if silent:
        await stage.skip(PROOF_SECONDS + 1)
    await stage.started(2)

    assert (await stage.events())[-1] == Event.DROPPED
    assert engine.asked(Command.STOP)[0]["run"] == engine.runs[0]
    await stage.connected(2)
