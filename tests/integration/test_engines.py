"""The second run of this tier must really be on PostgreSQL and Redis."""

from __future__ import annotations

import os

from channels.layers import get_channel_layer
from django.db import connection


def test_it_runs_on_the_requested_database_and_channel_layer() -> None:
    asked_for_servers = "TEST_DATABASE_URL" in os.environ

    assert connection.vendor == ("postgresql" if asked_for_servers else "sqlite")
    expected = "HintLayer" if asked_for_servers else "InMemoryChannelLayer"
    assert type(get_channel_layer()).__name__ == expected
