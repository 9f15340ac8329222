"""A gateway that has lost a lease ends the session's client and leaves the row alone."""

from __future__ import annotations

from typing import Any

from sessions_app.engine.protocol import Command
from sessions_app.gateway.supervisor import FENCE_SECONDS, RENEW_SECONDS
from sessions_app.store.leases import LEASE_TTL
from tests.integration.sessions_app.gateway.stage import OWNER, Stage


async def _untouched(stage: Stage) -> tuple[Any, ...]:
    row = await stage.row()
    return row.lease_owner, row.lease_epoch, row.status, row.version, await stage.events()


async def test_it_ends_a_client_when_renewal_fails(stage: Stage) -> None:
    engine = await stage.connected()
    await stage.change_row(lease_owner="another", lease_epoch=2)
    before = await _untouched(stage)

    await stage.skip(RENEW_SECONDS)
    await stage.until(lambda: engine.counts[Command.STOP] == 1)

    assert await _untouched(stage) == before
    assert before[:3] == ("another", 2, "ready")


async def test_it_ends_a_client_when_the_row_is_foreign(stage: Stage) -> None:
    engine = await stage.connected()
    await stage.change_row(lease_owner="another", lease_epoch=2)
    before = await _untouched(stage)

    await stage.hint()
    await stage.until(lambda: engine.counts[Command.STOP] == 1)

    assert await _untouched(stage) == before


async def test_it_ends_a_client_of_an_earlier_lease(stage: Stage) -> None:
    """The gateway itself may have claimed the session again, after a pause."""
    engine = await stage.connected()
    await stage.change_row(lease_owner=OWNER, lease_epoch=2)

    await stage.hint()
    await stage.until(lambda: engine.counts[Command.STOP] == 1)

    assert (await stage.row()).lease_epoch >= 2


async def test_it_ends_its_engines_before_its_leases(stage: Stage) -> None:
    engine = await stage.connected()

    with stage.database_away():
        await stage.skip(FENCE_SECONDS - RENEW_SECONDS)
        assert engine.alive
        await stage.skip(RENEW_SECONDS + 5)
        await stage.until(lambda: not engine.alive)
    assert LEASE_TTL.total_seconds() > FENCE_SECONDS + RENEW_SECONDS

    await stage.skip(RENEW_SECONDS)
    again = await stage.connected(2)
    assert again is not engine
