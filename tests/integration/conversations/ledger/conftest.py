from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from conversations.ledger.gateway_ports import DatabaseMessageSink, DatabaseOutgoingQueue
from sessions_app.models import Session
from tests.factory import make_session

Result = TypeVar("Result")


async def run(function: Callable[[], Result]) -> Result:
    """On the test's own thread and connection."""
    return await sync_to_async(function)()


class Gateway:
    """The ledger as the gateway sees it, called from synchronous tests."""

    def __init__(self) -> None:
        self._ports = (DatabaseMessageSink(run), DatabaseOutgoingQueue(run))

    def __getattr__(self, name: str) -> Any:
        port = next(port for port in self._ports if hasattr(port, name))
        return async_to_sync(getattr(port, name))


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def session(db: None) -> Session:
    return make_session()
