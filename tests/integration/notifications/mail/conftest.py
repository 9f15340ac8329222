from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.integration.notifications.mail.post_office import PostOffice, open_office


@pytest.fixture
def office(settings: Settings, unused_tcp_port: int) -> Iterator[PostOffice]:
    with open_office(settings, unused_tcp_port) as running:
        yield running
