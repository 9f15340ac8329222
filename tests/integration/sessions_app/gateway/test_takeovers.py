"""Another client with the same keys takes the connection over: try once more, then rest."""

from __future__ import annotations

from sessions_app.engine import engine_events as engine
from sessions_app.engine.protocol import Command
from sessions_app.gateway.decisions.engine_rules import REPLACED_MEMORY_SECONDS, REPLACED_RETRY
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Session
from tests.integration.sessions_app.gateway.stage import Stage

RETRY_SECONDS = REPLACED_RETRY.total_seconds()


def _rests() -> bool:
    return Session.objects.filter(status=Status.DISCONNECTED, lease_owner="").exists()


async def test_it_rests_after_the_second_takeover(stage: Stage) -> None:
    played = await stage.connected()
    played.report(engine.StreamReplaced())
    await stage.until(lambda: played.counts[Command.STOP] == 1)
    await stage.skip(RETRY_SECONDS - 5)
    assert len(played.runs) == 1
    await stage.skip(6)
    await stage.connected(2)

    played.report(engine.StreamReplaced())
    await stage.until_row(_rests)
    await stage.skip(20 * RETRY_SECONDS)

    row = await stage.row()
    assert (row.reason, row.next_retry_at) == (Reason.STREAM_REPLACED, None)
    assert len(played.runs) == 2


async def test_it_forgets_a_takeover_of_long_ago(stage: Stage) -> None:
    played = await stage.connected()
    for starts in (2, 3):
        played.report(engine.StreamReplaced())
        await stage.until(lambda: played.counts[Command.STOP] == len(played.runs))
        await stage.skip(RETRY_SECONDS + 1)
        await stage.connected(starts)
        if starts == 2:
            await stage.skip(REPLACED_MEMORY_SECONDS)
