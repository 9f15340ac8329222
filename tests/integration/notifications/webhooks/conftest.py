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
    """As an operator who lets webhooks go to private addresses."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True


@pytest.fixture
def plain_allowed(settings: Settings) -> None:
    """As on a test machine: without TLS, so that only the address can be what is refused."""
    settings.DEBUG = True


@pytest.fixture
def session(db: None) -> Session:
    return make_session()
