from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from sessions_app.models import Session
from tests.factory import make_session
from tests.integration.notifications.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def private_allowed(settings: Settings) -> None:
    """Allow webhooks to private addresses."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True


@pytest.fixture
def plain_allowed(settings: Settings) -> None:
    """Allow URLs without TLS, so that only the address can be the reason for a refusal."""
    settings.DEBUG = True


@pytest.fixture
def session(db: None) -> Session:
    return make_session()
