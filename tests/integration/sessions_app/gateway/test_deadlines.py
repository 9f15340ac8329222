"""A client that reports nothing is not waited for: no session rests in ``initializing``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.decisions.routines import CONNECT_PATIENCE
from sessions_app.lifecycle import Event, Reason, Status
from sessions_app.models import Session
from tests.factory import make_session
from tests.integration.sessions_app.gateway.stage import Stage, running

FREE: dict[str, Any] = {"lease_owner": "", "lease_epoch": 0, "lease_expires_at": None}


def _is(**columns: object) -> bool:
    return Session.objects.filter(**columns).exists()


async def test_it_ends_a_login_without_an_answer(stage: Stage) -> None:
    await stage.started()
    await stage.skip(CONNECT_PATIENCE.total_seconds() + 1)
    await stage.until_row(lambda: _is(next_retry_at__isnull=False))

    assert (await stage.events())[-1] == Event.CONNECT_FAILED
    await stage.started(2)


async def test_it_reports_an_outage_within_minutes(stage: Stage) -> None:
    await stage.started()

    await stage.skip(420)

    row = await stage.row()
    assert (row.status, row.reason) == (Status.DISCONNECTED, Reason.UNREACHABLE)
    assert row.next_retry_at is not None


@pytest.fixture
def unlinked(transactional_db: None) -> Session:
    """A session that waits for its first QR code."""
    return make_session(status=Status.INITIALIZING, attempt=0, **FREE)


async def test_it_ends_an_attempt_without_a_code(unlinked: Session, tmp_path: Path) -> None:
    async with running(unlinked, tmp_path) as stage:
        await stage.until(lambda: any(one.runs for one in stage.engines.of(EngineKind.LINKING)))
        await stage.skip(120)
        await stage.until_row(lambda: _is(status=Status.DISCONNECTED, lease_owner=""))

        row = await stage.row()
        assert (row.reason, row.next_retry_at) == (Reason.STUCK_NO_QR, None)
        assert sum(len(one.runs) for one in stage.engines.of(EngineKind.LINKING)) == 2
