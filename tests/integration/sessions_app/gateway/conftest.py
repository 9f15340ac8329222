from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.factory import make_session
from tests.integration.sessions_app.gateway.clock import SkippingLoop
from tests.integration.sessions_app.gateway.stage import Stage, running


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], AbstractEventLoop]]:
    return {"skipping": SkippingLoop}


@pytest.fixture
def session(transactional_db: None) -> Session:
    """A linked session that no gateway runs."""
    free: dict[str, Any] = {"lease_owner": "", "lease_epoch": 0, "lease_expires_at": None}
    return make_session(status=Status.READY, **free)


@pytest.fixture
async def stage(session: Session, tmp_path: Path) -> AsyncIterator[Stage]:
    async with running(session, tmp_path) as found:
        yield found
